/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe.multi: one link for the entries and one for the returns of any number of kernel functions.
 * A return finds its entry by stack address, as with single kprobes. Probes without durations share
 * a link for returns only (multi_count).
 */
#pragma once

#include "addresses.bpf.h"
#include "capturing.bpf.h"

SEC("kprobe")
int BPF_KPROBE(multi_entry)
{
	__u64 desc = desc_of_link(ctx);

	if (desc)
		enter_kernel(RP_KERNEL, desc, MULTI_ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(multi_return, long ret)
{
	__u64 desc = desc_of_link(ctx);

	if (desc)
		leave_kernel(RP_KERNEL, desc, MULTI_RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(multi_entry_capturing)
{
	__u64 desc = desc_of_capturing_link(ctx);
	struct args args;
	struct entry entry = entry_of_function(ctx, &args);

	if (desc)
		enter_capturing_kernel(RP_KERNEL, &entry, desc, MULTI_ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(multi_return_capturing, long ret)
{
	__u64 desc = desc_of_capturing_link(ctx);

	if (desc)
		leave_capturing_kernel(RP_KERNEL, ctx, desc, MULTI_RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(multi_count, long ret)
{
	__u64 desc = desc_of_link(ctx);

	if (desc)
		count_return_only(RP_EXCLUSIVE, desc, ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(multi_count_capturing, long ret)
{
	__u64 desc = desc_of_capturing_link(ctx);

	if (desc)
		count_capturing_return_only(RP_EXCLUSIVE, ctx, desc, ret);
	return 0;
}
