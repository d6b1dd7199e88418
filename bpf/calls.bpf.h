/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of user functions that run now, for uprobe.ret: found by where their return address is.
 *
 * Nothing here takes calls for nested. Stacks are left by longjmp and exceptions, switched by
 * coroutines, moved by Go; what holds in all of that is that of two calls that run, no two have
 * their return address in one place. So a call that is entered where another still has its place
 * says that the other one will not return: it was unwound. The rest of those is found when the
 * thread, or the process, ends (uprobe_ret_exit, and exporter/object/calls.c).
 *
 * All is accounted for at the entry: a call gets a place or is tallied there. A return that finds
 * none was entered before we attached, in the process that forked this one, or is tallied already.
 */
#ifndef RP_CALLS_BPF_H
#define RP_CALLS_BPF_H

#include "capture.bpf.h"

/* What calls belong to: a thread; or a process, where a call may return on another thread. A number
 * of its own, because those of the kernel come again. */
#define OWNER_IS_PROCESS (1ULL << 32)

struct call_key {
	__u64 owner;
	__u64 stack; /* 0, or the goroutine */
	__u64 addr;  /* of the return address; on a goroutine's stack, from its upper end */
	__u32 id, zero;
};

struct call {
	__u64 start;
	__u64 again; /* goes on at the first instruction, which is no entry then */
	struct capture capture;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call_key);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} owners SEC(".maps");

volatile __u64
	owners_ended; /* goes up when some have; what is left of their calls is to be swept */

/* Of the task; 0: it has none, or, if it is to have one, there is no room. */
static __always_inline __u64 owner_of(__u64 desc, bool create)
{
	__u64 task = bpf_get_current_pid_tgid(), key = (__u32)task, *owner, fresh;

	if (desc & RP_DESC_BY_PROCESS)
		key = task >> 32 | OWNER_IS_PROCESS;
	owner = bpf_map_lookup_elem(&owners, &key);
	if (owner)
		return *owner;
	if (!create)
		return 0;
	fresh = bpf_ktime_get_ns() << 22 | (task & 0x3fffff);
	bpf_map_update_elem(&owners, &key, &fresh, BPF_NOEXIST);
	owner = bpf_map_lookup_elem(&owners, &key); /* another thread may have been first */
	return owner ? *owner : 0;
}

static __always_inline void end_owner(__u64 key)
{
	if (!bpf_map_delete_elem(&owners, &key))
		__sync_fetch_and_add(&owners_ended, 1);
}

/* What ends with the task. Without BTF, no call belongs to a process (attach_uprobe_ret.c). */
static __always_inline void end_task(void)
{
	struct task_struct___user *task = (void *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	end_owner((__u32)pid_tgid);
	if (bpf_core_field_exists(task->signal->live.counter) &&
	    !BPF_CORE_READ(task, signal, live.counter))
		end_owner(pid_tgid >> 32 | OWNER_IS_PROCESS);
}

/* Whether g is the goroutine on whose stack sp is: struct g begins with the bounds of its stack. */
static __always_inline bool place_in_goroutine(struct call_key *key, __u64 g, __u64 sp)
{
	__u64 bounds[2];

	if (!g || bpf_probe_read_user(bounds, sizeof(bounds), (void *)g))
		return false;
	if (sp <= bounds[0] || sp >= bounds[1])
		return false;
	key->stack = g;
	key->addr = bounds[1] - sp;
	return true;
}

#if defined(__TARGET_ARCH_x86)
#define GO_REGISTER(ctx) ((ctx)->r14)

/* Where assembler functions and old compilers have it: the first word below the thread's area. */
static __always_inline __u64 goroutine_of_thread(void)
{
	struct task_struct___user *task = (void *)bpf_get_current_task();
	__u64 area, g = 0;

	if (!bpf_core_field_exists(task->thread.fsbase))
		return 0;
	area = BPF_CORE_READ(task, thread.fsbase);
	bpf_probe_read_user(&g, sizeof(g), (void *)(area - 8));
	return g;
}
#else
#define GO_REGISTER(ctx) (((const struct user_pt_regs *)(ctx))->regs[28])

static __always_inline __u64 goroutine_of_thread(void)
{
	return 0;
}
#endif

/* False: nobody can tell the call from others. */
static __always_inline bool place_of_call(struct pt_regs *ctx, __u64 desc, bool create,
					  struct call_key *key)
{
	__u64 sp = ENTRY_ADDR(ctx);

	keep_to_task_stack();
	*key = (struct call_key){ .owner = owner_of(desc, create),
				  .addr = sp,
				  .id = RP_DESC_ID(desc) };
	if (!key->owner)
		return false;
	if (!(desc & RP_DESC_GO) || place_in_goroutine(key, GO_REGISTER(ctx), sp))
		return true;
	return place_in_goroutine(key, goroutine_of_thread(), sp);
}

/* Whether a call that has the place goes on; else it is a leftover, and tallied. */
static __always_inline bool goes_on(struct call_key *key)
{
	struct call *call = bpf_map_lookup_elem(&calls, key);

	if (!call)
		return false;
	if (call->again) {
		call->again = 0;
		return true;
	}
	count_event(RP_PREEMPTIBLE, key->id, RP_EVENT_UNWOUND);
	return false;
}

static __always_inline void enter_call(struct pt_regs *ctx, __u64 desc)
{
	struct call call = {};
	struct call_key key;
	long err;

	if (!place_of_call(ctx, desc, true, &key)) {
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_NO_ENTRY);
		return;
	}
	call.start = bpf_ktime_get_ns();
	err = bpf_map_update_elem(&calls, &key, &call, BPF_NOEXIST);
	if (!err || goes_on(&key))
		return;
	/* If there was no leftover, there is no room, and this fails, too. */
	if (bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_NO_ENTRY);
}

static __always_inline void enter_capturing_call(struct pt_regs *ctx, __u64 desc)
{
	struct args args = args_of_regs(ctx);
	struct call call = {};
	struct call_key key;
	bool placed = place_of_call(ctx, desc, true, &key);

	if (placed) {
		if (goes_on(&key))
			return;
		bpf_map_delete_elem(&calls, &key);
	}
	if (!make_capture(&args, desc, &call.capture, UNREADABLE)) {
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_REJECTED);
		return;
	}
	call.start = bpf_ktime_get_ns();
	if (!placed || bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_NO_ENTRY);
}

/* Takes the call that ends here out of the map; false: there is none. */
static __always_inline bool take_call(struct pt_regs *ctx, __u64 desc, struct call *out)
{
	struct call_key key;
	struct call *call;

	if (!place_of_call(ctx, desc, false, &key))
		return false;
	call = bpf_map_lookup_elem(&calls, &key);
	if (!call)
		return false;
	*out = *call;
	bpf_map_delete_elem(&calls, &key);
	return true;
}

static __always_inline void go_on(struct pt_regs *ctx, __u64 desc)
{
	struct call_key key;
	struct call *call;

	if (!place_of_call(ctx, desc, false, &key))
		return;
	call = bpf_map_lookup_elem(&calls, &key);
	if (call)
		call->again = 1;
}

#endif /* RP_CALLS_BPF_H */
