/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pairing: how a return finds its entry, for mechanisms without a session cookie.
 *
 * A frame is identified by the stack address of the call and by the target: no two running calls
 * share both (a tail call shares the address, not the target). Kernel calls use an in-flight slot
 * if it is free (inflight.bpf.h). Other frames live in task storage. LRU hashes take the rest:
 * calls nested deeper than RP_FRAMES, and calls of a task whose storage cannot be allocated (the
 * kernel tries a lock, which a preempted task on this CPU may hold).
 *
 * Kernels without task storage (5.10) keep all frames in the hashes. There, entries are zeroed and
 * kept: an insert and a delete per call cost twice as much, and stack addresses recur. Since 5.13
 * they hardly recur (randomize_kstack_offset). So entries are deleted on newer kernels: leftovers
 * would evict the frames of calls that sleep.
 *
 * Calls of a task nest, so its frames are a stack. A return takes its own frame and discards those
 * above. A push discards the frames at or below its own address on the same stack: their returns
 * never came, because the kernel had no return slot or skipped a program. "On the same stack",
 * because interrupts run on stacks whose addresses say nothing about the task's.
 */
#pragma once

#include "inherited.bpf.h"
#include "inflight.bpf.h"

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
	__u64 overflow; /* highest address of a call that found the stack full since the last push,
			   or 0 */
	__u64 syscall_desc, syscall_start; /* the running system call; 0: none */
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
 * Which stack a frame's address is on; a compile-time constant of each program. On a trampoline the
 * address is the ctx pointer, on which the verifier allows no arithmetic; see frame_addr().
 */
enum rp_space { RP_KERNEL, RP_TRAMPOLINE, RP_USER };

/* All user addresses count as one stack. At worst, signal stacks and coroutines discard each
 * other's frames, which is counted when those calls return. */
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
		i); /* or clang moves the mask before the arithmetic, and the verifier loses it */
	f = &t->frame[i & (RP_FRAMES - 1)];
	barrier_var(f);
	return f;
}

/* Whether the frame f must be a leftover, given that this task enters `addr`. */
static __always_inline bool is_stale(enum rp_space space, const struct frame *f, __u64 addr,
				     __u32 id)
{
	bool user_frame = !(f->addr >> 63);

	if (user_frame != (space == RP_USER) || !same_stack(space, f->addr, addr))
		return false;
	return f->addr < addr || (f->addr == addr && f->id == id);
}

/* Converts a ctx pointer to a number, by storing it to memory and loading it again. */
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

/*
 * Takes frame n, and discards those above. The probes of one function have frames at one address,
 * and return in any order: the last of these frames takes the place of this one.
 */
static __always_inline __u64 take_frame(struct task_frames *t, struct frame *f, __u32 n)
{
	__u64 start = f->start;
	__u32 last = n;

	for (int i = 0; twice && i < RP_FRAMES && last + 1 < t->n; i++) {
		if (frame_at(t, last + 1)->addr != f->addr)
			break;
		last++;
	}
	if (twice && last != n)
		*f = *frame_at(t, last);
	t->n = last;
	return start;
}

/* Returns the entry time of a call that returns; 0 if it has no frame here. */
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
		if (f->addr == addr && f->id == id)
			return take_frame(t, f, n);
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

/* Takes a start time out of a hash whose values begin with it. */
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
 * The kernel follows at most RP_FRAMES nested uretprobes per task (MAX_URETPROBE_DEPTH). It will
 * not report the return of a deeper call, so the entry counts that call as missed. If the return
 * comes after all, because some frames were leftovers, the call has been counted already.
 */
static __always_inline bool counted_at_entry(enum rp_space space, __u64 addr)
{
	struct task_frames *t;

	if (space != RP_USER || !use_task_storage)
		return false;
	t = frames_of_task(0);
	return t && t->overflow && addr <= t->overflow;
}

/* Mechanisms call these at a function's entry and return. */
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

/* Returns the entry time of a call that returns, or 0. */
static __always_inline __u64 find_start(enum rp_space space, __u32 id, __u64 addr)
{
	__u64 start = use_task_storage ? pop_task_frame(space, id, addr) : 0;

	return start ? start : pop_hash_frame(space, id, addr);
}

/* Counts a return without an entry. */
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
 * Entry and return of kernel functions, with in-flight slots. A ctx pointer becomes a number by
 * subtracting an address: the only arithmetic that the verifier allows.
 */
static __always_inline __u64 slot_key(enum rp_space space, __u32 id, __u64 addr)
{
	if (space == RP_TRAMPOLINE)
		addr -= (__u64)&slot_shift;
	return addr ^ (__u64)id << 48;
}

/*
 * Levels recognise leftovers of fexit on an interrupt stack.
 *
 * An interrupt may come while the fexit program of a target runs, and call that target. The kernel
 * then runs the fentry program but skips the fexit program, which is active already. The leftover
 * has the address that later calls from interrupts have. A later call whose entry is skipped would
 * be measured from it. (Kprobe programs do not have this problem: both programs are skipped, or
 * neither.)
 *
 * So each CPU counts how many calls of the target it is in. An entry increments the level and
 * stores it in its slot. A return sets the level to one below its entry's, which also drops
 * leftovers in between. Tasks that sleep in a call or migrate disturb the count, but not while an
 * interrupt runs. There, a slot whose level differs from the CPU's belongs to another call.
 *
 * A CPU without a cell of its own has no level. Its entries use no slots.
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

	if (!cell || level == cell[RP_CELL_LEVEL])
		return false;
	p = bpf_map_lookup_elem(&scratch, &zero);
	return p && !on_stack_of_task(p, ctx);
}

static __always_inline void enter_kernel(enum rp_space space, __u64 desc, __u64 addr)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 *cell = space == RP_TRAMPOLINE ? cell_of(id) : NULL;
	struct slot *slot;

	if (space == RP_TRAMPOLINE && !cell)
		goto slowly;
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
slowly:
	enter(RP_EXCLUSIVE, space, desc, addr);
}

/* Returns the entry time of a call that returns; 0 if it has no slot. cell: of the target. If it is
 * not 0, call leave_level() last. */
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

/*
 * The same for calls that the fast path does not find: the slot was marked, or the frame is
 * elsewhere. If there are two frames, the older is a leftover. On an interrupt stack no call is old
 * enough to be moved.
 */
static __always_inline __u64 find_slowly(enum rp_space space, struct slot *slot, __u64 *cell,
					 __u32 id, __u64 addr, __u64 *level)
{
	__u64 marked_at = leave_marked_slot(slot, slot_key(space, id, addr), level);
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
	__u64 *cell = cell_of(id), level, start = 0, now = bpf_ktime_get_ns();
	__u64 key = slot_key(space, id, addr);
	struct slot *slot = slot_of(key);

	if (!slot)
		return 0;
	/* The fast path needs a cell. */
	if (!cell)
		start = leave_slot(key, &level);
	if (!start)
		start = find_slowly(space, slot, cell, id, addr, &level);
	if (start)
		count_return(RP_EXCLUSIVE, desc, ret, now - start);
	else
		lose(RP_EXCLUSIVE, space, id, addr);
	if (cell && level != NO_LEVEL)
		leave_level(space, cell, level);
	return 0;
}

/* Functions of their own, so that the fast path keeps its registers. */
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
	__u64 *cell = cell_of(id), level, ns = 0;

	if (cell)
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
