/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The features of this kernel. Each is tried once: distributions backport features and leave others
 * out, so version numbers tell little.
 */
#pragma once

#include "base/util.h"

enum feature {
	FEATURE_TRACEFS,	 /* tracefs is available */
	FEATURE_PERF_EVENTS,	 /* perf_event_open(2), for kprobes, uprobes and tracepoints */
	FEATURE_KPROBE_EVENTS,	 /* kprobes, by tracefs events */
	FEATURE_UPROBE_PMU,	 /* uprobes, by perf_event_open(2) */
	FEATURE_SYSCALL_EVENTS,	 /* raw_syscalls tracepoints */
	FEATURE_BTF,		 /* the kernel's types are readable */
	FEATURE_ATTACH_COOKIE,	 /* bpf_get_attach_cookie(), and links on perf events */
	FEATURE_TASK_STORAGE,	 /* usable in kprobe programs */
	FEATURE_ATOMICS,	 /* compare-and-swap in programs */
	FEATURE_READ_KERNEL,	 /* bpf_probe_read_kernel() in kprobe programs */
	FEATURE_CGROUP_ANCESTOR, /* bpf_get_current_ancestor_cgroup_id() in kprobe programs */
	FEATURE_CGROUP_V2,	 /* processes are in v2 cgroups */
	FEATURE_KPROBE_MULTI,
	FEATURE_KPROBE_SESSION,
	FEATURE_TRAMPOLINE, /* fentry and fexit programs */
	FEATURE_FSESSION,
	FEATURE_FSESSION_MULTI,
	FEATURE_UPROBE_MULTI,
	FEATURE_UPROBE_SESSION,
	FEATURE_NO_PREEMPTION, /* the kernel is not preemptible */
	FEATURE_SESSION_PAIRS, /* a kprobe session runs its return only after its entry ran */
	FEATURE_RETURN_SLOTS,  /* multi links have a return slot for every call */
	FEATURE_TASK_ITERATOR, /* BPF programs can walk all tasks of the machine */
	FEATURE_TASK_STACKS,   /* they can read their stacks, and the kernel never warns */
	FEATURE_MAX,
};
#define FEATURE_BIT(feature) (1U << (feature))

struct features;

/*
 * tracefs is borrowed, as from tracefs__open(), negative errno included. assume, for
 * --config.check: without the privileges to try a feature, infer it from the kernel's symbols,
 * which are public.
 */
struct features *features__new(int tracefs, bool assume);
bool features__has(struct features *f, enum feature feature);
/* NULL if the kernel has the feature, else why not, for messages. */
const char *features__missing(struct features *f, enum feature feature);
/* The same for the first that is missing of several FEATURE_BIT()s. */
static inline const char *features__missing_of(struct features *f, uint32_t wanted)
{
	const char *why = NULL;

	for (int i = 0; i < FEATURE_MAX && !why; i++)
		if (wanted & 1U << i)
			why = features__missing(f, i);
	return why;
}
/* With FEATURE_TASK_ITERATOR, the BTF id that its programs are loaded for. */
uint32_t features__task_iterator(void);
/* The same for iterators through maps; 0: this kernel has none (before 5.9, or without BTF). */
uint32_t features__map_iterator(void);
/* Checks FEATURE_NO_PREEMPTION again. Returns whether it changed. */
bool features__preemption_changed(struct features *f);
int features__tracefs(const struct features *f);
void features__free(struct features *f);
