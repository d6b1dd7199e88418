/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Session programs: what they share. The two kernel functions are called as abi.h says.
 *
 * The kernel counts a skipped entry and a skipped exit of a call as one each. Without preemption
 * both are skipped or neither: whatever makes the kernel skip programs on a CPU cannot begin or end
 * within a call that is running there. With it, entries are counted too, and losses.c finds the
 * calls from the three.
 */
#ifndef RP_SESSION_BPF_H
#define RP_SESSION_BPF_H

#include "core.bpf.h"

static bool (*const session_is_return)(void *ctx) = (void *)RP_KFUNC_SESSION_IS_RETURN;
static __u64 *(*const session_cookie)(void *ctx) = (void *)RP_KFUNC_SESSION_COOKIE;

const volatile bool count_entries; /* of fsession, fsession.multi */
const volatile bool count_kprobe_entries;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* CPUs */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64) * RP_ENTERED_MAX);
} entered SEC(".maps");

static __always_inline void count_entry(enum rp_entered which)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *n = bpf_map_lookup_elem(&entered, &cpu);

	if (n)
		n[which]++;
}

#endif /* RP_SESSION_BPF_H */
