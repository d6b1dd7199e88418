/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe.multi: one link for the entries and one for the returns of any number of kernel functions.
 * A return finds its entry by stack address, as with single kprobes.
 */
#ifndef RP_PROBE_MULTI_BPF_H
#define RP_PROBE_MULTI_BPF_H

#include "ids.bpf.h"
#include "notes.bpf.h"

SEC("kprobe")
int BPF_KPROBE(multi_entry)
{
	__u64 spec = spec_of_link(ctx);

	if (spec)
		enter_kernel(RP_KERNEL, spec, ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(multi_return, long ret)
{
	__u64 spec = spec_of_link(ctx);

	if (spec)
		leave_kernel(RP_KERNEL, spec, RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(multi_entry_noted)
{
	struct args args = args_of_regs(ctx);
	__u64 spec = spec_of_link(ctx);

	if (spec)
		enter_noted(RP_EXCLUSIVE, RP_RECENT, RP_KERNEL, &args, spec, ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(multi_return_noted, long ret)
{
	__u64 spec = spec_of_link(ctx);

	if (spec)
		leave_noted(RP_EXCLUSIVE, RP_RECENT, RP_KERNEL, spec, RETURN_ADDR(ctx), ret);
	return 0;
}

#endif /* RP_PROBE_MULTI_BPF_H */
