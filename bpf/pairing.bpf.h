/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a return finds its entry, where the mechanism has no cookie that does it.
 *
 * A frame is known by the stack address of the call and by the target: two calls that are both
 * running cannot share the two (a tail call shares the address, not the target). Kernel calls have
 * a place in a table, if it is free (inflight.bpf.h). Other frames live in task storage. What does
 * not fit there goes into LRU hashes: calls nested deeper than RP_FRAMES, and those of a task whose
 * storage the kernel cannot make just now (it tries a lock, and fails while a preempted task on
 * this CPU holds it). On kernels without task storage (5.10) everything goes there; entries are
 * zeroed and kept, because an insert and a delete per call cost twice as much, and stack addresses
 * come again. Since 5.13 they hardly do (randomize_kstack_offset), so elsewhere entries are
 * deleted, lest leftovers push out the frames of calls that sleep.
 *
 * Within a task calls nest, so its frames are a stack: a return takes its own frame and discards
 * those above; a push discards those at or below its own address on the same stack, which belong to
 * calls whose return never came (the kernel had no return slot, or skipped a program). Interrupts
 * run on stacks of their own whose addresses say nothing about the task's, hence "on the same
 * stack".
 */
#ifndef RP_PAIRING_BPF_H
#define RP_PAIRING_BPF_H

#include "inherited.bpf.h"
#include "inflight.bpf.h"

const volatile bool use_task_storage;

struct frame {
	__u64 addr;
	__u64 start;
	__u32 id;
	__u32 pad;
};

struct task_frames {
	__u32 n;
	__u32 pad;
	__u64 scratch;	/* see frame_addr() */
	__u64 overflow; /* highest address of a call that found the stack full since a push; or 0 */
	__u64 syscall_desc, syscall_start; /* the system call that runs; spec 0 if none does */
	struct frame frame[RP_FRAMES];
};
_Static_assert(sizeof(struct task_frames) == RP_TASK_BYTES, "the plan tells of these");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_frames);
} task_frames SEC(".maps");

struct user_frame {
	__u64 start, desc;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct user_key);
	__type(value, struct user_frame);
} user_frames SEC(".maps");

/*
 * Whose stack a frame's address is on; a compile-time constant of each program. A trampoline's
 * address is its ctx pointer, with which the verifier allows no arithmetic; see frame_addr().
 */
enum rp_space { RP_KERNEL, RP_TRAMPOLINE, RP_USER };

#define RP_STACK_SHIFT 14 /* THREAD_SIZE and IRQ_STACK_SIZE, and their alignment: 16 KiB */

/* A user stack is taken for one: signal stacks and coroutines at worst discard each other's frames,
 * which is counted when those return. */
static __always_inline bool same_stack(enum rp_space space, __u64 a, __u64 b)
{
	return space == RP_USER || !((a ^ b) >> RP_STACK_SHIFT);
}

static __always_inline struct task_frames *frames_of_task(__u64 flags)
{
	return bpf_task_storage_get(&task_frames, bpf_get_current_task_btf(), NULL, flags);
}

static __always_inline struct frame *frame_at(struct task_frames *t, __u32 i)
{
	struct frame *f;

	barrier_var(
		i); /* or clang hoists the mask past the arithmetic, and the verifier loses it */
	f = &t->frame[i & (RP_FRAMES - 1)];
	barrier_var(f);
	return f;
}

/* Whether the frame of another call of this task can only be a leftover once `addr` is entered. */
static __always_inline bool is_stale(enum rp_space space, const struct frame *f, __u64 addr,
				     __u32 id)
{
	bool user_frame = !(f->addr >> 63);

	if (user_frame != (space == RP_USER) || !same_stack(space, f->addr, addr))
		return false;
	return f->addr < addr || (f->addr == addr && f->id == id);
}

/* A ctx pointer as a number: it may be stored to memory, and what is loaded from there is one. */
static __always_inline __u64 frame_addr(enum rp_space space, __u64 *scratch, __u64 addr)
{
	if (space != RP_TRAMPOLINE)
		return addr;
	*scratch = addr;
	barrier_var(scratch);
	return *scratch;
}

enum push { PUSHED, FULL, NO_STORAGE };

static __always_inline enum push push_task_frame(enum rp_context c, enum rp_space space, __u32 id,
						 __u64 addr)
{
	struct task_frames *t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct frame *f;
	__u32 n;

	if (!t)
		return NO_STORAGE;
	addr = frame_addr(space, &t->scratch, addr);
	n = t->n;
	for (int i = 0; i < RP_FRAMES && n > 0; i++) {
		if (!is_stale(space, frame_at(t, n - 1), addr, id))
			break;
		n--;
		count_event(c, id, RP_EVENT_STALE);
	}
	t->n = n;
	if (n >= RP_FRAMES) {
		if (addr > t->overflow)
			t->overflow = addr;
		return FULL;
	}
	t->overflow = 0;
	f = frame_at(t, n);
	f->addr = addr;
	f->id = id;
	t->n = n + 1;
	f->start = bpf_ktime_get_ns();
	return PUSHED;
}

/* When the call that returns was entered; 0 if it has no frame here. */
static __always_inline __u64 pop_task_frame(enum rp_space space, __u32 id, __u64 addr)
{
	struct task_frames *t = frames_of_task(0);
	struct frame *f;
	__u32 n;

	if (!t)
		return 0;
	addr = frame_addr(space, &t->scratch, addr);
	n = t->n;
	for (int i = 0; i < RP_FRAMES && n > 0; i++) {
		n--;
		f = frame_at(t, n);
		if (f->addr == addr && f->id == id) {
			t->n = n;
			return f->start;
		}
	}
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} scratch SEC(".maps");

static __always_inline __u64 kernel_key(enum rp_space space, __u32 id, __u64 addr)
{
	__u32 zero = 0;
	__u64 *p;

	if (space == RP_TRAMPOLINE) {
		p = bpf_map_lookup_elem(&scratch, &zero);
		addr = p ? frame_addr(space, p, addr) : 0;
	}
	return addr ^ (__u64)id << 48;
}

static __always_inline struct user_key user_key(__u32 id, __u64 addr)
{
	return (struct user_key){ addr, (__u32)bpf_get_current_pid_tgid(), id };
}

static __always_inline void push_hash_frame(enum rp_context c, enum rp_space space, __u32 id,
					    __u64 addr)
{
	if (space != RP_USER) {
		__u64 key = kernel_key(space, id, addr), now = 0;
		__u64 *start = bpf_map_lookup_elem(&kernel_frames, &key);

		if (!start) {
			now = bpf_ktime_get_ns();
			bpf_map_update_elem(&kernel_frames, &key, &now, BPF_ANY);
			return;
		}
		if (*start)
			count_event(c, id, RP_EVENT_STALE);
		*start = bpf_ktime_get_ns();
	} else {
		struct user_key key = user_key(id, addr);
		struct user_frame frame = { bpf_ktime_get_ns(), 0 };

		bpf_map_update_elem(&user_frames, &key, &frame, BPF_ANY);
	}
}

/* Takes the start out of a hash; it is what a value begins with. */
static __always_inline __u64 take_start(void *hash, const void *key)
{
	__u64 *start = bpf_map_lookup_elem(hash, key), entered;

	if (!start)
		return 0;
	entered = *start;
	if (use_task_storage)
		bpf_map_delete_elem(hash, key);
	else
		*start = 0;
	return entered;
}

static __always_inline __u64 pop_hash_frame(enum rp_space space, __u32 id, __u64 addr)
{
	if (space != RP_USER) {
		__u64 key = kernel_key(space, id, addr);

		return take_start(&kernel_frames, &key);
	} else {
		struct user_key key = user_key(id, addr);

		return take_start(&user_frames, &key);
	}
}

/*
 * The kernel nests RP_FRAMES uretprobes in a task and no more (MAX_URETPROBE_DEPTH): of a deeper
 * call no return will be seen, so it is counted when it is entered. Should it be seen after all,
 * because frames were leftovers, it has been counted already.
 */
static __always_inline bool counted_at_entry(enum rp_space space, __u64 addr)
{
	struct task_frames *t;

	if (space != RP_USER || !use_task_storage)
		return false;
	t = frames_of_task(0);
	return t && t->overflow && addr <= t->overflow;
}

/* What a mechanism calls at a function's entry and return. */
static __always_inline void enter(enum rp_context c, enum rp_space space, __u64 desc, __u64 addr)
{
	__u32 id = RP_DESC_ID(desc);
	enum push done = NO_STORAGE;

	if (use_task_storage)
		done = push_task_frame(c, space, id, addr);
	if (done == PUSHED)
		return;
	if (done == FULL && space == RP_USER)
		count_event(c, id, RP_EVENT_DEPTH);
	else
		push_hash_frame(c, space, id, addr);
}

/* When the call that returns was entered, or 0. */
static __always_inline __u64 find_start(enum rp_space space, __u32 id, __u64 addr)
{
	__u64 start = use_task_storage ? pop_task_frame(space, id, addr) : 0;

	return start ? start : pop_hash_frame(space, id, addr);
}

/* A return that found no entry. */
static __always_inline void lose(enum rp_context c, enum rp_space space, __u32 id, __u64 addr)
{
	if (!counted_at_entry(space, addr) && !(space == RP_USER && is_inherited(addr)))
		count_event(c, id, RP_EVENT_NO_ENTRY);
}

static __always_inline void leave(enum rp_context c, enum rp_space space, __u64 desc, __u64 addr,
				  __u64 ret)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 now = bpf_ktime_get_ns(), start = find_start(space, id, addr);

	if (start)
		count_return(c, desc, ret, now - start);
	else
		lose(c, space, id, addr);
}

/*
 * The two for calls of kernel functions, with places. A ctx pointer becomes a number as its
 * distance from something that does not move, the only arithmetic that the verifier allows with it.
 */
static __always_inline __u64 slot_key(enum rp_space space, __u32 id, __u64 addr)
{
	if (space == RP_TRAMPOLINE)
		addr -= (__u64)&slot_shift;
	return addr ^ (__u64)id << 48;
}

/*
 * Levels: what tells fexit's leftovers on an interrupt's stack.
 *
 * An interrupt may come while a target's fexit program is at work, and call the target. The kernel
 * runs the fentry program for that call and skips the fexit program, which runs already. What is
 * left over has the address of other calls from interrupts, and one whose entry was skipped in turn
 * would be measured from there. (Programs of kprobes are skipped both or neither.)
 *
 * So a CPU counts how many calls of the target it is in: an entry goes one level up and keeps the
 * level in its place, a return goes to the level below that of its own entry, and so below what was
 * left over in between. Tasks that sleep in a call, or go to another CPU, confuse the count, but
 * nothing does while an interrupt is at work; there, a call that is not at the CPU's level is not
 * the one that has the place.
 */
static __always_inline bool on_stack_of_task(__u64 *scratch, __u64 ctx)
{
	struct task_struct___rp *task = (void *)bpf_get_current_task_btf();

	return same_stack(RP_TRAMPOLINE, frame_addr(RP_TRAMPOLINE, scratch, ctx),
			  (__u64)task->stack);
}

static __always_inline bool is_leftover(__u64 level, const __u64 *cell, __u64 ctx)
{
	__u32 zero = 0;
	__u64 *p;

	if (level == cell[RP_CELL_LEVEL])
		return false;
	p = bpf_map_lookup_elem(&scratch, &zero);
	return p && !on_stack_of_task(p, ctx);
}

static __always_inline void enter_kernel(enum rp_space space, __u64 desc, __u64 addr)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 *cell = space == RP_TRAMPOLINE ? cell_of(id) : NULL;
	struct slot *slot;

	if (cell)
		++*(volatile __u64 *)&cell[RP_CELL_LEVEL];
	slot = take_slot(RP_EXCLUSIVE, id, slot_key(space, id, addr));
	if (slot) {
		if (cell)
			slot->level = cell[RP_CELL_LEVEL];
		return;
	}
	if (cell)
		cell[RP_CELL_LEVEL]--;
	enter(RP_EXCLUSIVE, space, desc, addr);
}

/* When the call that returns was entered; 0 if it has no place. cell: the target's. If not 0, the
 * last that the program does is leave_level(). */
static __always_inline __u64 leave_kernel_slot(enum rp_space space, __u64 *cell, __u32 id,
					       __u64 addr, __u64 *level)
{
	__u64 key = slot_key(space, id, addr), start;

	if (space != RP_TRAMPOLINE)
		return leave_slot(key, NULL);
	start = leave_slot(key, level);
	if (start && is_leftover(*level, cell, addr)) {
		count_event(RP_EXCLUSIVE, id, RP_EVENT_STALE);
		return 0;
	}
	return start;
}

static __always_inline void leave_level(enum rp_space space, __u64 *cell, __u64 level)
{
	if (space == RP_TRAMPOLINE)
		*(volatile __u64 *)&cell[RP_CELL_LEVEL] = level - 1;
}

/* Likewise of a call that the quick way does not find: its place was put on notice, or it went the
 * slower way. Of two frames the older is a leftover. On an interrupt's stack no call takes so long
 * as to be set aside. */
static __always_inline __u64 find_slowly(enum rp_space space, __u64 *cell, __u32 id, __u64 addr,
					 __u64 *level)
{
	__u64 marked_at = leave_marked_slot(slot_key(space, id, addr), level);
	__u64 start = find_start(space, id, addr);
	bool leftover = space == RP_TRAMPOLINE && marked_at && is_leftover(*level, cell, addr);

	if (leftover || (marked_at && start))
		count_event(RP_EXCLUSIVE, id, RP_EVENT_STALE);
	if (!leftover && marked_at > start)
		return marked_at;
	*level = NO_LEVEL;
	return start;
}

static __always_inline long leave_slowly(enum rp_space space, __u64 desc, __u64 addr, __u64 ret)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 *cell = cell_of(id), level, start, now = bpf_ktime_get_ns();

	if (!cell)
		return 0;
	start = find_slowly(space, cell, id, addr, &level);
	if (start)
		count_return(RP_EXCLUSIVE, desc, ret, now - start);
	else
		lose(RP_EXCLUSIVE, space, id, addr);
	if (level != NO_LEVEL)
		leave_level(space, cell, level);
	return 0;
}

/* By themselves, so that they take no register from the quick way. */
static __noinline long leave_kprobe_slowly(__u64 desc, __u64 addr, __u64 ret)
{
	return leave_slowly(RP_KERNEL, desc, addr, ret);
}

static __noinline long leave_trampoline_slowly(__u64 desc, __u64 addr, __u64 ret)
{
	return leave_slowly(RP_TRAMPOLINE, desc, addr, ret);
}

static __always_inline void leave_kernel(enum rp_space space, __u64 desc, __u64 addr, __u64 ret)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 *cell = cell_of(id), level, ns;

	if (!cell)
		return;
	ns = leave_kernel_slot(space, cell, id, addr, &level);
	if (ns) {
		ns = bpf_ktime_get_ns() - ns;
		barrier_var(ns); /* or clang keeps both times */
		count_in_cell(RP_EXCLUSIVE, cell, settle(RP_EXCLUSIVE, id, rp_outcome(desc, ret)),
			      ns);
		leave_level(space, cell, level);
	} else if (space == RP_TRAMPOLINE) {
		leave_trampoline_slowly(desc, addr, ret);
	} else {
		leave_kprobe_slowly(desc, addr, ret);
	}
}

#endif /* RP_PAIRING_BPF_H */
