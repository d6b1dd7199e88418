/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Running calls of user functions, for uprobe.ret, identified by where their return address is
 * stored.
 *
 * Calls are not assumed to nest. longjmp and exceptions leave stacks, coroutines switch them, and
 * Go moves them. Only one thing always holds: two running calls never keep their return addresses
 * in the same place. So an entry that finds its place taken proves that the other call will never
 * return: it was unwound. The remaining unwound calls are found when the thread or process ends
 * (uprobe_ret_exit, and exporter/object/calls.c).
 *
 * The entry accounts for each call: it is stored here, or counted as an event. A return that finds
 * nothing was entered before we attached or in the process that forked this one, or has been
 * counted as an event.
 */
#pragma once

#include "capturing.bpf.h"

/* The owner of calls: a thread, or a process if calls may return on another thread. It has a number
 * of its own, because the kernel reuses thread ids. */
#define OWNER_IS_PROCESS (1ULL << 32)

struct call_key {
	__u64 owner;
	__u64 stack; /* 0, or the goroutine */
	__u64 addr;  /* of the return address; on a goroutine's stack, the distance from its upper
			end */
	__u32 id, zero;
};

struct call {
	__u64 start;
	__u64 again; /* the next run of the first instruction is no entry: the call goes on */
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
	owners_ended; /* incremented when owners end: their remaining calls are to be swept */

/* The owner of calls of this task. 0: it has none, or there is no room to create it. */
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
	owner = bpf_map_lookup_elem(&owners, &key); /* another thread may have created it first */
	return owner ? *owner : 0;
}

static __always_inline void end_owner(__u64 key)
{
	if (!bpf_map_delete_elem(&owners, &key))
		__sync_fetch_and_add(&owners_ended, 1);
}

/* Ends the owners that end with the task. Without BTF no owner is a process
 * (exporter/attach/uprobe_ret.c). */
static __always_inline void end_task(void)
{
	struct task_struct___user *task = (void *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	end_owner((__u32)pid_tgid);
	if (bpf_core_field_exists(task->signal->live.counter) &&
	    !BPF_CORE_READ(task, signal, live.counter))
		end_owner(pid_tgid >> 32 | OWNER_IS_PROCESS);
}

/* Whether sp is on the stack of goroutine g. struct g begins with the bounds of its stack. */
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

/* Assembler functions and old compilers keep it in the first word below the thread area. */
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

/* False: the call cannot be told from others. */
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

/* Whether the call stored under the key goes on. If not, it is a leftover, and is counted. */
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
	/* Without a leftover there is no room, and this fails as well. */
	if (bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_NO_ENTRY);
}

static __always_inline void enter_capturing_call(struct pt_regs *ctx, __u64 desc)
{
	struct args args;
	struct entry entry = entry_of_user(ctx, &args);
	struct call call = {};
	struct call_key key;
	bool placed = place_of_call(ctx, desc, true, &key);

	if (placed) {
		if (goes_on(&key))
			return;
		bpf_map_delete_elem(&calls, &key);
	}
	if (!make_capture(&entry, desc, &call.capture, UNREADABLE)) {
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_REJECTED);
		return;
	}
	call.start = bpf_ktime_get_ns();
	if (!placed || bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_event(RP_PREEMPTIBLE, key.id, RP_EVENT_NO_ENTRY);
}

/* Removes the call that ends here from the map. False: there is none. */
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
