/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uretprobe: a uprobe and a uretprobe on a function of an executable or library. uprobe.multi: one
 * link for entries and one for returns, each with any number of functions of a file.
 * uprobe.session: one link for both. To BPF, all of them are kprobe programs. A probe without
 * durations has the program at the return only (uprobe_count).
 */
#pragma once

#include "clone.bpf.h"
#include "capturing.bpf.h"
#include "session.bpf.h"

SEC("kprobe")
int BPF_KPROBE(uprobe_entry)
{
	enter(RP_PREEMPTIBLE, RP_USER, bpf_get_attach_cookie(ctx), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_return, long ret)
{
	leave(RP_PREEMPTIBLE, RP_USER, bpf_get_attach_cookie(ctx), RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_entry_clone)
{
	enter(RP_PREEMPTIBLE, RP_USER, desc_of_clone(), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_return_clone, long ret)
{
	leave(RP_PREEMPTIBLE, RP_USER, desc_of_clone(), RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_multi_entry)
{
	enter(RP_PREEMPTIBLE, RP_USER, bpf_get_attach_cookie(ctx), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_multi_return, long ret)
{
	leave(RP_PREEMPTIBLE, RP_USER, bpf_get_attach_cookie(ctx), RETURN_ADDR(ctx), ret);
	return 0;
}

/* A forked child inherits the cookie with its copy of the parent's call. */
static __always_inline bool is_older_than_task(__u64 start)
{
	struct task_struct___rp *task = (void *)bpf_get_current_task_btf();

	return start < task->start_time;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_session)
{
	__u64 *cookie = session_cookie(ctx), now = bpf_ktime_get_ns(), start = *cookie;
	__u64 desc;

	if (!session_is_return(ctx)) {
		*cookie = now;
		return 0;
	}
	*cookie = 0;
	desc = bpf_get_attach_cookie(ctx);
	if (start && is_older_than_task(start))
		return 0;
	if (start)
		count_return(RP_PREEMPTIBLE, desc, PT_REGS_RC(ctx), now - start);
	else
		lose(RP_PREEMPTIBLE, RP_USER, RP_DESC_ID(desc), RETURN_ADDR(ctx));
	return 0;
}

static __always_inline int enter_capturing_uprobe(struct pt_regs *ctx, __u64 desc)
{
	struct args args;
	struct entry entry = entry_of_user(ctx, &args);

	keep_to_task_stack();
	enter_capturing(RP_PREEMPTIBLE, RP_USER, &entry, desc, ENTRY_ADDR(ctx));
	return 0;
}

static __always_inline int leave_capturing_uprobe(struct pt_regs *ctx, __u64 desc)
{
	keep_to_task_stack();
	leave_capturing(RP_PREEMPTIBLE, RP_USER, ctx, desc, RETURN_ADDR(ctx), PT_REGS_RC(ctx));
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_entry_capturing)
{
	return enter_capturing_uprobe(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_return_capturing)
{
	return leave_capturing_uprobe(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kprobe")
int BPF_KPROBE(uprobe_entry_clone_capturing)
{
	return enter_capturing_uprobe(ctx, desc_of_clone());
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_return_clone_capturing)
{
	return leave_capturing_uprobe(ctx, desc_of_clone());
}

SEC("kprobe")
int BPF_KPROBE(uprobe_multi_entry_capturing)
{
	return enter_capturing_uprobe(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_multi_return_capturing)
{
	return leave_capturing_uprobe(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kprobe")
int BPF_KPROBE(uprobe_session_capturing)
{
	__u64 *cookie = session_cookie(ctx), now, start;
	__u64 desc = bpf_get_attach_cookie(ctx);
	struct capture capture = {};
	struct entry entry;
	struct args args;
	bool captured;

	keep_to_task_stack();
	if (!session_is_return(ctx)) {
		entry = entry_of_user(ctx, &args);
		if (!make_capture(&entry, desc, &capture, UNREADABLE)) {
			count_event(RP_PREEMPTIBLE, RP_DESC_ID(desc), RP_EVENT_REJECTED);
			return 1; /* skip the return of this call */
		}
		put_capture(IN_HASH, RP_USER, RP_DESC_ID(desc), ENTRY_ADDR(ctx), &capture);
		*cookie = bpf_ktime_get_ns();
		return 0;
	}
	now = bpf_ktime_get_ns();
	start = *cookie;
	*cookie = 0;
	captured = take_capture(IN_HASH, RP_USER, RP_DESC_ID(desc), RETURN_ADDR(ctx), &capture);
	if (start && captured)
		count_captured_call(RP_PREEMPTIBLE, ctx, &capture, desc, PT_REGS_RC(ctx),
				    now - start);
	else if (!start || !is_older_than_task(start))
		count_event(RP_PREEMPTIBLE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
	return 0;
}

/* ---- without durations --------------------------------------------------------------------------
 */

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_count, long ret)
{
	count_return_only(RP_PREEMPTIBLE, bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_count_clone, long ret)
{
	count_return_only(RP_PREEMPTIBLE, desc_of_clone(), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_multi_count, long ret)
{
	count_return_only(RP_PREEMPTIBLE, bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_count_capturing, long ret)
{
	keep_to_task_stack();
	count_capturing_return_only(RP_PREEMPTIBLE, ctx, bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_count_clone_capturing, long ret)
{
	keep_to_task_stack();
	count_capturing_return_only(RP_PREEMPTIBLE, ctx, desc_of_clone(), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_multi_count_capturing, long ret)
{
	keep_to_task_stack();
	count_capturing_return_only(RP_PREEMPTIBLE, ctx, bpf_get_attach_cookie(ctx), ret);
	return 0;
}

/* ---- forks: inherited.bpf.h --------------------------------------------------------------------
 */

SEC("tracepoint")
int uprobe_fork(struct trace_event_raw_task_newtask___rp *ctx)
{
	return on_fork(ctx->pid, ctx->clone_flags);
}

/* Without perf events. Preemptible kernels may skip it; the child's returns then count as missed
 * calls. */
static __always_inline int on_raw_fork(const struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct___uprobe *child = (void *)ctx->args[0];

	return on_fork(BPF_CORE_READ(child, pid), ctx->args[1]);
}

SEC("raw_tp")
int uprobe_raw_fork(struct bpf_raw_tracepoint_args *ctx)
{
	return on_raw_fork(ctx);
}
