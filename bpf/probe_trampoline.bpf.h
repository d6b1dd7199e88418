/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fexit: an fentry and an fexit program on the function's BPF trampoline, a clone of each for every
 * target. fsession and fsession.multi: below.
 *
 * A program on a trampoline is skipped while another task is preempted inside it on the same CPU,
 * so these are exact only on kernels without preemption; attach_plan.c chooses accordingly. There
 * it is the cheapest.
 */
#ifndef RP_PROBE_TRAMPOLINE_BPF_H
#define RP_PROBE_TRAMPOLINE_BPF_H

#include "clone.bpf.h"
#include "notes.bpf.h"
#include "session.bpf.h"

SEC("fentry")
int fexit_entry(__u64 *ctx)
{
	enter_kernel(RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return(__u64 *ctx)
{
	leave_kernel(RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx, result_of_clone(ctx));
	return 0;
}

/* For kernels before 5.12. */
SEC("fentry")
int fexit_entry_old(__u64 *ctx)
{
	enter(RP_EXCLUSIVE, RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return_old(__u64 *ctx)
{
	leave(RP_EXCLUSIVE, RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx, result_of_clone(ctx));
	return 0;
}

/* As memory, because the verifier lets nobody calculate with what it knows to be pointers. Behind a
 * function's arguments lies something else, which no expression asks for. */
static __always_inline struct args args_of_trampoline(const __u64 *ctx)
{
	struct args args = {};

	bpf_probe_read_kernel(&args, sizeof(args), ctx);
	return args;
}

SEC("fentry")
int fexit_entry_noted(__u64 *ctx)
{
	__u64 spec = spec_of_clone();
	struct args args = args_of_trampoline(ctx);

	enter_noted(RP_EXCLUSIVE, RP_RECENT, RP_TRAMPOLINE, &args, spec, (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return_noted(__u64 *ctx)
{
	leave_noted(RP_EXCLUSIVE, RP_RECENT, RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx,
		    result_of_clone(ctx));
	return 0;
}

SEC("fentry")
int fexit_entry_old_noted(__u64 *ctx)
{
	__u64 spec = spec_of_clone();
	struct args args = args_of_trampoline(ctx);

	enter_noted(RP_EXCLUSIVE, RP_OLD, RP_TRAMPOLINE, &args, spec, (__u64)ctx);
	return 0;
}

SEC("fexit")
int fexit_return_old_noted(__u64 *ctx)
{
	leave_noted(RP_EXCLUSIVE, RP_OLD, RP_TRAMPOLINE, spec_of_clone(), (__u64)ctx,
		    result_of_clone(ctx));
	return 0;
}

/*
 * fsession: one program for both, with a session cookie that keeps the start: a clone for each
 * target. fsession.multi: one for all, whose return has the spec as the link's cookie.
 */
static __always_inline void leave_trampoline(__u64 *ctx, __u64 *cookie, __u64 spec)
{
	__u64 ret = 0, ns;

	if (!*cookie) {
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
		return;
	}
	ns = bpf_ktime_get_ns() - *cookie;
	barrier_var(ns); /* or clang keeps both times */
	*cookie = 0;
	bpf_get_func_ret(ctx, &ret);
	count_return(RP_EXCLUSIVE, spec, ret, ns);
}

SEC("fentry")
int fsession_clone(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx);

	if (session_is_return(ctx)) {
		leave_trampoline(ctx, cookie, spec_of_clone());
		return 0;
	}
	if (count_entries)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec_of_clone()), RP_TALLY_ENTERED);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

SEC("kprobe") /* becomes a tracing program of no one function: exporter/object/programs.c */
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

/* With notes: a start of 1 is a call that a filter rejects. */
#define REJECTED 1

static __always_inline int enter_noted_trampoline(__u64 *ctx, __u64 *cookie,
						  const struct args *args, __u64 spec)
{
	struct note note = {};

	if (!make_note(args, spec, &note, UNREADABLE)) {
		*cookie = REJECTED;
		return 0;
	}
	put_note(RP_RECENT, RP_TRAMPOLINE, RP_SPEC_ID(spec), (__u64)ctx, &note);
	*cookie = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int leave_noted_trampoline(__u64 *ctx, __u64 *cookie, __u64 spec)
{
	__u64 now = bpf_ktime_get_ns(), start = *cookie, ret = 0;
	struct note note = {};
	bool noted;

	*cookie = 0;
	if (start == REJECTED) {
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_FILTERED);
		return 0;
	}
	noted = take_note(RP_RECENT, RP_TRAMPOLINE, RP_SPEC_ID(spec), (__u64)ctx, &note);
	bpf_get_func_ret(ctx, &ret);
	if (start && noted)
		count_noted_call(&note, spec, ret, now - start, RP_EXCLUSIVE);
	else
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
	return 0;
}

SEC("fentry")
int fsession_clone_noted(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx), spec = spec_of_clone();
	struct args args;

	if (session_is_return(ctx))
		return leave_noted_trampoline(ctx, cookie, spec);
	if (count_entries)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec), RP_TALLY_ENTERED);
	args = args_of_trampoline(ctx);
	return enter_noted_trampoline(ctx, cookie, &args, spec);
}

SEC("kprobe") /* as fsession_multi */
int fsession_multi_noted(__u64 *ctx)
{
	__u64 *cookie = session_cookie(ctx), spec = bpf_get_attach_cookie(ctx);
	struct args args;

	if (session_is_return(ctx))
		return leave_noted_trampoline(ctx, cookie, spec);
	if (count_entries)
		count_entry(RP_ENTERED_FSESSION_MULTI);
	args = args_of_trampoline(ctx);
	return enter_noted_trampoline(ctx, cookie, &args, spec);
}

#endif /* RP_PROBE_TRAMPOLINE_BPF_H */
