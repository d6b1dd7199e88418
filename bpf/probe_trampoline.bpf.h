/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fexit: an fentry and an fexit program on the function's BPF trampoline, a clone of each for every
 * target. fsession and fsession.multi: below.
 *
 * A program on a trampoline is skipped while another task is preempted inside it on the same CPU,
 * so these are exact only on kernels without preemption; attach.c chooses accordingly. There it is
 * the cheapest.
 */
#ifndef RP_PROBE_TRAMPOLINE_BPF_H
#define RP_PROBE_TRAMPOLINE_BPF_H

#include "clone.bpf.h"
#include "pairing.bpf.h"
#include "session.bpf.h"

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

/*
 * fsession: one program for both, with a session cookie, in which the start alone is kept: the spec
 * is in the code of a clone, or the link's cookie. The kernel counts a skipped entry and a skipped
 * exit as one each, so entries are counted too: losses.c finds the calls from the three.
 */
static __always_inline void trampoline_session(__u64 *ctx, __u64 spec)
{
	__u64 *cookie = session_cookie(ctx), now = bpf_ktime_get_ns(), start = *cookie, ret = 0;

	if (!session_is_return(ctx)) {
		*cookie = now;
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_ENTERED);
		return;
	}
	*cookie = 0;
	if (!start) {
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
		return;
	}
	bpf_get_func_ret(ctx, &ret);
	count_return(RP_EXCLUSIVE, spec, ret, now - start);
}

SEC("fentry")
int fsession_clone(__u64 *ctx)
{
	trampoline_session(ctx, spec_of_clone());
	return 0;
}

SEC("kprobe") /* becomes a tracing program of no one function: exporter/programs.c */
int fsession_multi(__u64 *ctx)
{
	trampoline_session(ctx, bpf_get_attach_cookie(ctx));
	return 0;
}

#endif /* RP_PROBE_TRAMPOLINE_BPF_H */
