/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel can do, found out by trying, each once. No version numbers: distributions
 * backport features and leave others out.
 */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

#include "base/util.h"

enum feature {
	FEATURE_TRACEFS,       /* the tracing file system can be had */
	FEATURE_PERF_EVENTS,   /* we may open some: those of kprobes, uprobes and tracepoints are */
	FEATURE_KPROBE_EVENTS, /* kprobes, by tracefs events */
	FEATURE_UPROBE_PMU,    /* uprobes, by perf_event_open(2) */
	FEATURE_SYSCALL_EVENTS,	 /* raw_syscalls tracepoints */
	FEATURE_BTF,		 /* the kernel's types can be read */
	FEATURE_ATTACH_COOKIE,	 /* bpf_get_attach_cookie() in kprobe programs, links on perf events
				  */
	FEATURE_TASK_STORAGE,	 /* usable in kprobe programs */
	FEATURE_ATOMICS,	 /* compare-and-swap in programs */
	FEATURE_READ_KERNEL,	 /* bpf_probe_read_kernel() in kprobe programs */
	FEATURE_CGROUP_ANCESTOR, /* bpf_get_current_ancestor_cgroup_id() in kprobe programs */
	FEATURE_CGROUP_V2,	 /* processes are in cgroups of v2 */
	FEATURE_KPROBE_MULTI,
	FEATURE_KPROBE_SESSION,
	FEATURE_TRAMPOLINE, /* fentry and fexit programs */
	FEATURE_FSESSION,
	FEATURE_FSESSION_MULTI,
	FEATURE_UPROBE_MULTI,
	FEATURE_UPROBE_SESSION,
	FEATURE_NO_PREEMPTION, /* the kernel does not preempt itself */
	FEATURE_SESSION_PAIRS, /* a kprobe session's return runs only if its entry did */
	FEATURE_RETURN_SLOTS,  /* multi links have a return slot for every call */
	FEATURE_MAX,
};

struct features;

/* Features are tried on this function, which only the kernel's own tests call (net/bpf/test_run.c).
 * It takes an int and returns one. Where there is FEATURE_TRAMPOLINE, it is in the kernel's BTF. */
#define FEATURES_TRIAL_FUNCTION "bpf_fentry_test1"

/*
 * tracefs: as from tracefs__open(), negative errno included; borrowed. With assume, what cannot be
 * tried for lack of privileges is judged by the kernel's symbols, which everybody may read; for
 * --config.check.
 */
struct features *features__new(int tracefs, bool assume);
bool features__has(struct features *f, enum feature feature);
/* Text for people, of a feature that is missing: "tracefs is not available (EACCES)". */
const char *features__describe(struct features *f, enum feature feature);
/* NULL if there is the feature, else features__describe() of it. */
const char *features__missing(struct features *f, enum feature feature);
/* Looks again whether the kernel preempts itself. Whether that has changed. */
bool features__preemption_changed(struct features *f);
int features__tracefs(const struct features *f);
void features__free(struct features *f);

#endif /* KERNEL_FEATURES_H */
