/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kretprobe: a kprobe at the entry and a kretprobe at the return of a kernel function. The
 * descriptor is the attach cookie; on kernels without cookies (5.10), an immediate in a clone per
 * target. A probe without durations has the kretprobe only (kprobe_count).
 */
#pragma once

#include "clone.bpf.h"
#include "capturing.bpf.h"

SEC("kprobe")
int BPF_KPROBE(kprobe_entry)
{
	enter_kernel(RP_KERNEL, bpf_get_attach_cookie(ctx), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_return, long ret)
{
	leave_kernel(RP_KERNEL, bpf_get_attach_cookie(ctx), RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(kprobe_entry_clone)
{
	enter(RP_EXCLUSIVE, RP_KERNEL, desc_of_clone(), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_return_clone, long ret)
{
	leave(RP_EXCLUSIVE, RP_KERNEL, desc_of_clone(), RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(kprobe_entry_capturing)
{
	struct args args;
	struct entry entry = entry_of_function(ctx, &args);

	enter_capturing_kernel(RP_KERNEL, &entry, bpf_get_attach_cookie(ctx), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_return_capturing, long ret)
{
	leave_capturing_kernel(RP_KERNEL, ctx, bpf_get_attach_cookie(ctx), RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(kprobe_entry_clone_capturing)
{
	struct args args;
	struct entry entry = entry_of_function(ctx, &args);

	enter_capturing(RP_EXCLUSIVE, RP_KERNEL, &entry, desc_of_clone(), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_return_clone_capturing, long ret)
{
	leave_capturing(RP_EXCLUSIVE, RP_KERNEL, ctx, desc_of_clone(), RETURN_ADDR(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_count, long ret)
{
	count_return_only(RP_EXCLUSIVE, bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_count_clone, long ret)
{
	count_return_only(RP_EXCLUSIVE, desc_of_clone(), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_count_capturing, long ret)
{
	count_capturing_return_only(RP_EXCLUSIVE, ctx, bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(kprobe_count_clone_capturing, long ret)
{
	count_capturing_return_only(RP_EXCLUSIVE, ctx, desc_of_clone(), ret);
	return 0;
}
