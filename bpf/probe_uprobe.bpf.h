/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uretprobe: a uprobe and a uretprobe on a function of an executable or library. The kernel hands
 * them to BPF as kprobe programs.
 */
#ifndef RP_PROBE_UPROBE_BPF_H
#define RP_PROBE_UPROBE_BPF_H

#include "clone.bpf.h"
#include "pairing.bpf.h"

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
	enter(RP_PREEMPTIBLE, RP_USER, spec_of_clone(), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_return_clone, long ret)
{
	leave(RP_PREEMPTIBLE, RP_USER, spec_of_clone(), RETURN_ADDR(ctx), ret);
	return 0;
}

#endif /* RP_PROBE_UPROBE_BPF_H */
