/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of user functions that a child inherits. A child forked inside a probed function returns
 * from it as well: the kernel copies the parent's return instances (dup_utask() in
 * kernel/events/uprobes.c). The child did not enter these calls, so their returns are no missed
 * entries.
 *
 * At each fork, the stack addresses of the parent's return instances are recorded for the child.
 * The kernel's own list is used, whatever calls we know. Only a return without an entry looks
 * there.
 */
#pragma once

#include "kernel.h"

#define RETURNS_MAX 64 /* MAX_URETPROBE_DEPTH in the kernel */

#define CLONE_VM    0x00000100
#define CLONE_VFORK 0x00004000

struct return_instance___rp {
	unsigned long stack;
	struct return_instance___rp *next;
} __attribute__((preserve_access_index));

struct uprobe_task___rp {
	struct return_instance___rp *return_instances;
} __attribute__((preserve_access_index));

struct task_struct___uprobe {
	int pid;
	__u64 start_time;
	struct uprobe_task___rp *utask;
} __attribute__((preserve_access_index));

struct trace_event_raw_task_newtask___rp {
	int pid;
	unsigned long clone_flags;
} __attribute__((preserve_access_index));

/* User stack addresses are private to a process. System calls use address 0, one per task. */
struct user_key {
	__u64 addr;
	__u32 tid, id;
};

struct inherited {
	__u64 forked; /* a task born later is another one with the same id */
	__u64 n;      /* calls at this address: tail calls share it */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct user_key);
	__type(value, struct inherited);
} inherited SEC(".maps");

static __always_inline void inherit(__u32 child, __u64 stack, __u64 now)
{
	struct user_key key = { .addr = stack, .tid = child };
	struct inherited *old = bpf_map_lookup_elem(&inherited, &key), new = { now, 1 };

	if (old && old->forked == now)
		old->n++;
	else
		bpf_map_update_elem(&inherited, &key, &new, BPF_ANY);
}

/* Runs in the parent before the child does. Skips threads, like the kernel: they begin with an
 * empty stack. */
static __always_inline int on_fork(__u32 child, unsigned long flags)
{
	struct task_struct___uprobe *parent = (void *)bpf_get_current_task();
	struct return_instance___rp *ri = BPF_CORE_READ(parent, utask, return_instances);
	__u64 now;

	if (!ri || (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		return 0;
	now = bpf_ktime_get_ns();
	for (int i = 0; i < RETURNS_MAX && ri; i++) {
		inherit(child, BPF_CORE_READ(ri, stack), now);
		ri = BPF_CORE_READ(ri, next);
	}
	return 0;
}

/* Whether a return without an entry belongs to an inherited call. */
static __always_inline bool is_inherited(__u64 addr)
{
	struct task_struct___uprobe *task = (void *)bpf_get_current_task();
	struct user_key key = { .addr = addr };
	struct inherited *found;

	if (!bpf_core_field_exists(task->start_time)) /* no BTF */
		return false;
	key.tid = bpf_get_current_pid_tgid();
	found = bpf_map_lookup_elem(&inherited, &key);
	if (!found || BPF_CORE_READ(task, start_time) > found->forked)
		return false;
	if (!--found->n)
		bpf_map_delete_elem(&inherited, &key);
	return true;
}
