/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * event: tracepoints of the kernel; raw_event: the same without their records; kprobe: entries of
 * kernel functions; uprobe: USDT probes, and entries of functions of programs. A clone per place.
 *
 * At a tracepoint, the context is the record of the event, as its format file in tracefs describes
 * it; the kernel has put a pointer in place of the first eight bytes. Programs of perf events run
 * with preemption off. They return 1: with 0, perf would not see the event any more.
 *
 * At a raw tracepoint, the context is the arguments that the kernel's code passes to it.
 * Before 6.1, an interrupt may run the program inside itself. Later kernels skip it then, and, on
 * Linux 7, while a task is preempted in it on that CPU. So it needs no stack of its task's.
 */
#pragma once

#include "capture.bpf.h"
#include "clone.bpf.h"
#include "operands.bpf.h"

/* Counts an event of a probe with captures. */
static __always_inline void count_point(enum rp_context c, void *ctx, const struct entry *entry)
{
	struct capture capture = {};
	__u64 desc = desc_of_clone();

	if (make_capture(entry, desc, &capture, UNREADABLE))
		count_captured_untimed(ctx, &capture, desc, 0, c);
	else
		count_event(c, RP_DESC_ID(desc), RP_EVENT_FILTERED);
}

/* The only argument is the address of the record. Read as memory, because the verifier forbids
 * arithmetic on ctx. args: where to put it. */
static __always_inline struct entry entry_of_event(void *ctx, struct args *args)
{
	asm volatile("" : "=m"(*args)); /* nothing reads the others */
	if (capture_spec()->reads_args)
		bpf_probe_read_kernel(&args->v[0], sizeof(args->v[0]), &ctx);
	else
		args->v[0] = 0; /* the compiler may read it early, which 6.1 refuses */
	return (struct entry){ .args = args, .way = AT_RETURN };
}

SEC("tracepoint")
int event_count(void *ctx)
{
	count_return_only(RP_EXCLUSIVE, desc_of_clone(), 0);
	return 1;
}

SEC("tracepoint")
int event_count_capturing(void *ctx)
{
	struct args args;
	struct entry entry = entry_of_event(ctx, &args);

	count_point(RP_EXCLUSIVE, ctx, &entry);
	return 1;
}

/* Loads only what is read: the kernel attaches no program that may load more arguments than the
 * tracepoint has. */
static __always_inline struct entry entry_of_raw(const __u64 *ctx, struct args *args)
{
	const struct rp_capture_spec *x = capture_spec();

#pragma unroll
	for (__u32 i = 0; i < RP_ARGS; i++)
		args->v[i] = x->reads_args & 1U << i ? ctx[i] : 0;
	return (struct entry){ .args = args, .way = AT_RETURN };
}

SEC("raw_tp")
int raw_event_count(const __u64 *ctx)
{
	count_return_only(RP_PREEMPTIBLE, desc_of_clone(), 0);
	return 0;
}

SEC("raw_tp")
int raw_event_count_capturing(const __u64 *ctx)
{
	struct args args;
	struct entry entry = entry_of_raw(ctx, &args);

	count_point(RP_PREEMPTIBLE, (void *)ctx, &entry);
	return 0;
}

SEC("kprobe")
int entry_count(void *ctx)
{
	count_return_only(RP_EXCLUSIVE, desc_of_clone(), 0);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(entry_count_capturing)
{
	struct args args;
	struct entry entry = entry_of_function(ctx, &args);

	count_point(RP_EXCLUSIVE, ctx, &entry);
	return 0;
}

SEC("kprobe")
int usdt_count(void *ctx)
{
	count_return_only(RP_PREEMPTIBLE, desc_of_clone(), 0);
	return 0;
}

/* There is no caller to be read: a USDT probe is in the middle of a function. */
SEC("kprobe")
int BPF_KPROBE(usdt_count_capturing)
{
	struct args args;
	struct entry entry = { .args = &args, .way = AT_RETURN };

	keep_to_task_stack();
	if (read_args_of_place(ctx, &args))
		count_point(RP_PREEMPTIBLE, ctx, &entry);
	else
		count_event(RP_PREEMPTIBLE, RP_DESC_ID(desc_of_clone()), RP_EVENT_UNREADABLE);
	return 0;
}
