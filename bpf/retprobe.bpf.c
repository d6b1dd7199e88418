// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The only translation unit: everything inlines, and constants of the loader prune the rest. */
#include "probe_kprobe.bpf.h"
#include "probe_multi.bpf.h"
#include "probe_session.bpf.h"
#include "probe_trampoline.bpf.h"
#include "probe_uprobe.bpf.h"
#include "probe_uprobe_ret.bpf.h"
#include "probe_syscall.bpf.h"
#include "probe_answered.bpf.h"
#include "probe_event.bpf.h"
#include "probe_span.bpf.h"
#include "scan.bpf.h"
#include "cgroups.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
