/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe.session: one program and one link for entry and return of any number of kernel functions.
 * The kernel keeps a cookie of 64 bits from a call's entry to its return, so there is nothing to
 * pair: id and start are packed into it, and the return needs neither address nor look-up.
 *
 * Kernels before 7.0 run the return also when they skipped the entry, with whatever cookie the last
 * user of the return slot left (fixed by kernel commit 2ebadb60cb36). So returns leave a zero
 * behind, and a zero is a call whose entry was not seen.
 */
#ifndef RP_PROBE_SESSION_BPF_H
#define RP_PROBE_SESSION_BPF_H

#include "ids.bpf.h"
#include "session.bpf.h"

const volatile bool count_entries;

/* A start of 48 bits tells durations of up to 78 hours. Ids are stored plus one: never 0. */
#define SESSION_START_BITS 48
#define SESSION_START_MASK ((1ULL << SESSION_START_BITS) - 1)

static __always_inline __u64 pack_session(__u32 id, __u64 start)
{
	return (__u64)(id + 1) << SESSION_START_BITS | (start & SESSION_START_MASK);
}

static __always_inline void leave_session(void *ctx, __u64 *cookie, __u64 ret)
{
	__u64 now = bpf_ktime_get_ns(), packed = *cookie, spec;

	if (packed) {
		*cookie = 0;
		spec = spec_of_id((packed >> SESSION_START_BITS) - 1);
		if (spec)
			count_return(RP_EXCLUSIVE, spec, ret, (now - packed) & SESSION_START_MASK);
		return;
	}
	spec = spec_of_link(ctx);
	if (spec)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
}

SEC("kprobe")
int BPF_KPROBE(kprobe_session)
{
	__u64 *cookie = session_cookie(ctx), spec;

	if (session_is_return(ctx)) {
		leave_session(ctx, cookie, PT_REGS_RC(ctx));
		return 0;
	}
	spec = spec_of_link(ctx);
	if (count_entries)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_ENTERED);
	*cookie = pack_session(RP_SPEC_ID(spec), bpf_ktime_get_ns());
	return 0;
}

#endif /* RP_PROBE_SESSION_BPF_H */
