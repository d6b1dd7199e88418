/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe.session: one program and one link for entry and return of any number of kernel functions.
 * The kernel keeps a 64-bit cookie from entry to return, which holds the start time. Only the
 * return looks up the target.
 *
 * Kernels before 7.0 run the return even if they skipped the entry, with the cookie that the last
 * user of the return slot left (fixed by kernel commit 2ebadb60cb36, in stable kernels too). So
 * returns zero the cookie, and zero means that the entry was not seen.
 */
#pragma once

#include "addresses.bpf.h"
#include "capturing.bpf.h"
#include "session.bpf.h"

SEC("kprobe")
int BPF_KPROBE(kprobe_session)
{
	__u64 *cookie = session_cookie(ctx), ns, desc;

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
		desc = desc_of_link(ctx);
		if (desc)
			count_return(RP_EXCLUSIVE, desc, PT_REGS_RC(ctx), ns);
		return 0;
	}
	desc = desc_of_link(ctx);
	if (desc)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
	return 0;
}

/* Returns 1 for a call that a filter rejects: the kernel then skips its return. capture: the
 * caller's, as there is no stack left for another one. */
static __always_inline int enter_capturing_session(struct pt_regs *ctx, __u64 *cookie,
						   struct capture *capture)
{
	__u64 desc = desc_of_capturing_link(ctx);
	struct entry entry;
	struct args args;

	if (!desc)
		return 0;
	entry = entry_of_function(ctx, &args);
	capture->label = read_capture(&entry, desc, capture->observed, UNREADABLE_QUICK);
	if (capture->label == CAPTURE_FILTERED) {
		*cookie = 0;
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_REJECTED);
		return 1;
	}
	if (count_kprobe_entries)
		count_entry(RP_ENTERED_KPROBE_SESSION);
	put_capture(IN_SLOTS, RP_KERNEL, RP_DESC_ID(desc), MULTI_ENTRY_ADDR(ctx), capture);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(kprobe_session_capturing)
{
	__u64 *cookie = session_cookie(ctx), start, now, desc;
	struct capture capture;

	asm volatile("" : "=m"(capture.observed)); /* what is not set is not read */
	if (!session_is_return(ctx))
		return enter_capturing_session(ctx, cookie, &capture);
	now = bpf_ktime_get_ns();
	start = *cookie;
	*cookie = 0;
	desc = desc_of_capturing_link(ctx);
	if (!desc)
		return 0;
	leave_capturing_session(RP_KERNEL, ctx, &capture, desc, MULTI_RETURN_ADDR(ctx),
				PT_REGS_RC(ctx), start, now);
	return 0;
}
