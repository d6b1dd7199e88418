/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uretprobe: a uprobe and a uretprobe on a function of an executable or library. uprobe.multi: a
 * link for each with any number of functions of a file. uprobe.session: one link for both. The
 * kernel hands all of them to BPF as kprobe programs.
 */
#ifndef RP_PROBE_UPROBE_BPF_H
#define RP_PROBE_UPROBE_BPF_H

#include "clone.bpf.h"
#include "pairing.bpf.h"
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
	enter(RP_PREEMPTIBLE, RP_USER, spec_of_clone(), ENTRY_ADDR(ctx));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(uprobe_return_clone, long ret)
{
	leave(RP_PREEMPTIBLE, RP_USER, spec_of_clone(), RETURN_ADDR(ctx), ret);
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

SEC("kprobe")
int BPF_KPROBE(uprobe_session)
{
	__u64 *cookie = session_cookie(ctx), now = bpf_ktime_get_ns(), start = *cookie;
	__u64 spec;

	if (!session_is_return(ctx)) {
		*cookie = now;
		return 0;
	}
	*cookie = 0;
	spec = bpf_get_attach_cookie(ctx);
	if (start)
		count_return(RP_PREEMPTIBLE, spec, PT_REGS_RC(ctx), now - start);
	else
		tally(RP_PREEMPTIBLE, RP_SPEC_ID(spec), RP_TALLY_NO_ENTRY);
	return 0;
}

#endif /* RP_PROBE_UPROBE_BPF_H */
