/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fexit: an fentry and an fexit program on the function's BPF trampoline, a clone of each for every
 * target.
 *
 * A program on a trampoline is skipped while another task is preempted inside it on the same CPU,
 * so this is exact only on kernels without preemption; attach.c chooses accordingly. There it is
 * the cheapest.
 */
#ifndef RP_PROBE_TRAMPOLINE_BPF_H
#define RP_PROBE_TRAMPOLINE_BPF_H

#include "clone.bpf.h"
#include "pairing.bpf.h"

SEC("fentry")
int fexit_entry(__u64 *ctx)
{
	enter(RP_EXCLUSIVE, RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return(__u64 *ctx)
{
	leave(RP_EXCLUSIVE, RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx, result_of_clone(ctx));
	return 0;
}

#endif /* RP_PROBE_TRAMPOLINE_BPF_H */
