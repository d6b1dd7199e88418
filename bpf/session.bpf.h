/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shared by the session programs. abi.h explains the calls of the two kfuncs.
 *
 * The kernel counts a skipped entry and a skipped exit as one miss each. Without preemption both
 * are skipped or neither: what makes the kernel skip programs on a CPU cannot begin or end within a
 * running call. With preemption, entries are counted as well, and exporter/probes/missed.c derives
 * the calls from entries, exits and misses.
 */
#pragma once

#include "core.bpf.h"

static bool (*const session_is_return)(void *ctx) = (void *)RP_KFUNC_SESSION_IS_RETURN;
static __u64 *(*const session_cookie)(void *ctx) = (void *)RP_KFUNC_SESSION_COOKIE;

const volatile bool count_entries; /* of fsession and fsession.multi */
const volatile bool count_kprobe_entries;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* number of CPUs */
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
