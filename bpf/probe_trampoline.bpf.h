/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fexit: an fentry and an fexit program on the function's BPF trampoline, cloned for each target.
 * A probe without durations has the latter only (fexit_count). fsession and fsession.multi follow
 * below.
 *
 * A trampoline program is skipped while another task is preempted inside it on the same CPU. So
 * these mechanisms are exact only on kernels without preemption, where they are the cheapest;
 * exporter/attach/plan.c chooses accordingly.
 */
#pragma once

#include "clone.bpf.h"
#include "capturing.bpf.h"
#include "session.bpf.h"

SEC("fentry")
int fexit_entry(__u64 *ctx)
{
	enter_kernel(RP_TRAMPOLINE, desc_of_clone(), (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return(__u64 *ctx)
{
	leave_kernel(RP_TRAMPOLINE, desc_of_clone(), (__u64)ctx, result_of_clone(ctx));
	return 0;
}

/* For kernels before 5.12. */
SEC("fentry")
int fexit_entry_old(__u64 *ctx)
{
	enter(RP_EXCLUSIVE, RP_TRAMPOLINE, desc_of_clone(), (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return_old(__u64 *ctx)
{
	leave(RP_EXCLUSIVE, RP_TRAMPOLINE, desc_of_clone(), (__u64)ctx, result_of_clone(ctx));
	return 0;
}

/* They are read as memory, because the verifier forbids arithmetic on values that it knows to be
 * pointers. What follows the function's own arguments is not an argument; no expression reads it.
 * args: where to put them. */
static __always_inline struct entry entry_of_trampoline(__u64 *ctx, struct args *args,
							enum rp_way way)
{
	const struct rp_capture_spec *x = capture_spec();
	struct pt_regs___rp *regs;

	if (!x->reads_args) {
		asm volatile("" : "=m"(*args)); /* nothing reads them */
	} else if (x->of_syscall) {
		bpf_probe_read_kernel(&regs, sizeof(regs), ctx);
		read_args_of_syscall(regs, args);
	} else {
		bpf_probe_read_kernel(args, sizeof(*args), ctx);
	}
	return (struct entry){ .args = args, .way = way, .ctx = ctx };
}

/* The same in a program of one function. */
static __always_inline struct entry entry_with_types(__u64 *ctx, struct args *args)
{
	struct entry entry = entry_of_trampoline(ctx, args, BY_TRAMPOLINE);

	__builtin_assume(ctx);
	entry.typed = ctx;
	return entry;
}

SEC("fentry")
int fexit_entry_capturing(__u64 *ctx)
{
	__u64 desc = desc_of_clone();
	struct args args;
	struct entry entry = entry_with_types(ctx, &args);

	enter_capturing_kernel(RP_TRAMPOLINE, &entry, desc, (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return_capturing(__u64 *ctx)
{
	leave_capturing_kernel(RP_TRAMPOLINE, ctx, desc_of_clone(), (__u64)ctx,
			       result_of_clone(ctx));
	return 0;
}

SEC("fentry")
int fexit_entry_old_capturing(__u64 *ctx)
{
	__u64 desc = desc_of_clone();
	struct args args;
	struct entry entry = entry_of_trampoline(ctx, &args, BY_TRAMPOLINE);

	enter_capturing(RP_EXCLUSIVE, RP_TRAMPOLINE, &entry, desc, (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return_old_capturing(__u64 *ctx)
{
	leave_capturing(RP_EXCLUSIVE, RP_TRAMPOLINE, ctx, desc_of_clone(), (__u64)ctx,
			result_of_clone(ctx));
	return 0;
}

SEC("fexit")
int fexit_count(__u64 *ctx)
{
	count_return_only(RP_EXCLUSIVE, desc_of_clone(), result_of_clone(ctx));
	return 0;
}

SEC("fexit")
int fexit_count_capturing(__u64 *ctx)
{
	count_capturing_return_only(RP_EXCLUSIVE, ctx, desc_of_clone(), result_of_clone(ctx));
	return 0;
}

/*
 * fsession: one program per target for entry and return; the session cookie holds the start.
 * fsession.multi: one program for all targets; at the return the link's cookie is the descriptor.
 */
static __always_inline void leave_trampoline(__u64 *ctx, __u64 *cookie, __u64 desc)
{
	__u64 ret = 0, ns;

	if (!*cookie) {
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
		return;
	}
	ns = bpf_ktime_get_ns() - *cookie;
	barrier_var(ns); /* or clang keeps both times */
	*cookie = 0;
	bpf_get_func_ret(ctx, &ret);
	count_return(RP_EXCLUSIVE, desc, ret, ns);
}

SEC("fentry")
int fsession_clone(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx);

	if (session_is_return(ctx)) {
		leave_trampoline(ctx, cookie, desc_of_clone());
		return 0;
	}
	if (count_entries)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc_of_clone()), RP_EVENT_ENTERED);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

SEC("kprobe") /* loaded as a tracing program without a function: exporter/object/programs.c */
int fsession_multi(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx);

	if (session_is_return(ctx)) {
		leave_trampoline(ctx, cookie, bpf_get_attach_cookie(ctx));
		return 0;
	}
	if (count_entries)
		count_entry(RP_ENTERED_FSESSION_MULTI);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

/* With captures. A start of 1 marks a call that a filter rejected. */
#define REJECTED 1

static __always_inline int enter_capturing_trampoline(__u64 *ctx, __u64 *cookie,
						      const struct entry *entry, __u64 desc)
{
	struct capture capture;

	asm volatile("" : "=m"(capture.observed)); /* what is not set is not read */
	capture.label = read_capture(entry, desc, capture.observed, UNREADABLE_QUICK);
	if (capture.label == CAPTURE_FILTERED) {
		*cookie = REJECTED;
		return 0;
	}
	put_capture(IN_SLOTS, RP_TRAMPOLINE, RP_DESC_ID(desc), (__u64)ctx, &capture);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int leave_capturing_trampoline(__u64 *ctx, __u64 *cookie, __u64 desc)
{
	__u64 now = bpf_ktime_get_ns(), start = *cookie, ret = 0;
	struct capture capture;

	asm volatile("" : "=m"(capture.observed)); /* what is not set is not read */
	*cookie = 0;
	if (start == REJECTED) {
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_FILTERED);
		return 0;
	}
	bpf_get_func_ret(ctx, &ret);
	leave_capturing_session(RP_TRAMPOLINE, ctx, &capture, desc, (__u64)ctx, ret, start, now);
	return 0;
}

SEC("fentry")
int fsession_clone_capturing(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx), desc = desc_of_clone();
	struct entry entry;
	struct args args;

	if (session_is_return(ctx))
		return leave_capturing_trampoline(ctx, cookie, desc);
	if (count_entries)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_ENTERED);
	entry = entry_with_types(ctx, &args);
	return enter_capturing_trampoline(ctx, cookie, &entry, desc);
}

SEC("kprobe") /* like fsession_multi */
int fsession_multi_capturing(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx), desc = bpf_get_attach_cookie(ctx);
	struct entry entry;
	struct args args;

	if (session_is_return(ctx))
		return leave_capturing_trampoline(ctx, cookie, desc);
	if (count_entries)
		count_entry(RP_ENTERED_FSESSION_MULTI);
	entry = entry_of_trampoline(ctx, &args, BY_SHARED_TRAMPOLINE);
	return enter_capturing_trampoline(ctx, cookie, &entry, desc);
}
