/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe.session: one program and one link for entry and return of any number of kernel functions.
 * The kernel keeps a cookie of 64 bits from a call's entry to its return: the start. Which target
 * it is, the return finds; the entry has no need to know.
 *
 * Kernels before 7.0 run the return also when they skipped the entry, with whatever cookie the last
 * user of the return slot left (fixed by kernel commit 2ebadb60cb36). So returns leave a zero
 * behind, and a zero is a call whose entry was not seen.
 */
#ifndef RP_PROBE_SESSION_BPF_H
#define RP_PROBE_SESSION_BPF_H

#include "ids.bpf.h"
#include "notes.bpf.h"
#include "session.bpf.h"

SEC("kprobe")
int BPF_KPROBE(kprobe_session)
{
	__u64 *cookie = session_cookie(ctx), ns, spec;

	if (!session_is_return(ctx)) {
		if (count_kprobe_entries)
			count_entry(RP_ENTERED_KPROBE_SESSION);
		*cookie = bpf_ktime_get_ns();
		return 0;
	}
	if (*cookie) {
		ns = bpf_ktime_get_ns() - *cookie;
		barrier_var(ns); /* or clang keeps both times */
		*cookie = 0;
		spec = spec_of_link(ctx);
		if (spec)
			count_return(RP_EXCLUSIVE, spec, PT_REGS_RC(ctx), ns);
		return 0;
	}
	spec = spec_of_link(ctx);
	if (spec)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
	return 0;
}

/* A call that a filter rejects has no return: the kernel is told so by the 1. */
static __always_inline int enter_noted_session(struct pt_regs *ctx, __u64 *cookie)
{
	struct args args = args_of_regs(ctx);
	__u64 spec = spec_of_link(ctx);
	struct note note = {};

	if (!spec)
		return 0;
	if (!make_note(&args, spec, &note, UNREADABLE)) {
		*cookie = 0;
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_REJECTED);
		return 1;
	}
	if (count_kprobe_entries)
		count_entry(RP_ENTERED_KPROBE_SESSION);
	put_note(RP_RECENT, RP_KERNEL, RP_SPEC_ID(spec), ENTRY_ADDR(ctx), &note);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(kprobe_session_noted)
{
	__u64 *cookie = session_cookie(ctx), start, now, spec;
	struct note note = {};
	bool noted;

	if (!session_is_return(ctx))
		return enter_noted_session(ctx, cookie);
	now = bpf_ktime_get_ns();
	start = *cookie;
	*cookie = 0;
	spec = spec_of_link(ctx);
	if (!spec)
		return 0;
	noted = take_note(RP_RECENT, RP_KERNEL, RP_SPEC_ID(spec), RETURN_ADDR(ctx), &note);
	if (start && noted)
		count_noted_call(&note, spec, PT_REGS_RC(ctx), now - start, RP_EXCLUSIVE);
	else
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
	return 0;
}

#endif /* RP_PROBE_SESSION_BPF_H */
