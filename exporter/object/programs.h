/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs, their preparation for this kernel, and their clones. */
#pragma once

#include "kernel/features.h"
#include "object/code.h"

struct bpf_object;
struct capture_spec;
struct programs;

enum program_id {
	PROG_KPROBE_ENTRY,
	PROG_KPROBE_RETURN,
	PROG_MULTI_ENTRY,
	PROG_MULTI_RETURN,
	PROG_KPROBE_SESSION,
	PROG_FEXIT_ENTRY,
	PROG_FEXIT_RETURN,
	PROG_FSESSION,
	PROG_FSESSION_MULTI,
	PROG_UPROBE_ENTRY,
	PROG_UPROBE_RETURN,
	PROG_UPROBE_MULTI_ENTRY,
	PROG_UPROBE_MULTI_RETURN,
	PROG_UPROBE_SESSION,
	PROG_UPROBE_FORK,
	PROG_UPROBE_RAW_FORK,
	PROG_UPROBE_RET_ENTRY,
	PROG_UPROBE_RET_RETURN,
	PROG_UPROBE_RET_JUMP,
	PROG_UPROBE_RET_EXIT, /* of a task */
	PROG_UPROBE_RET_RAW_EXIT,
	PROG_SYSCALL_ENTER,
	PROG_SYSCALL_EXIT,
	PROG_SYSCALL_DISPATCH_ENTER, /* instead, if some system calls have captures */
	PROG_SYSCALL_DISPATCH_EXIT,
	PROG_SYSCALL_ENTER_CAPTURE, /* called by the two above */
	PROG_SYSCALL_EXIT_CAPTURE,
	/* For targets without durations. */
	PROG_KPROBE_COUNT,
	PROG_MULTI_COUNT,
	PROG_FEXIT_COUNT,
	PROG_UPROBE_COUNT,
	PROG_UPROBE_MULTI_COUNT,
	PROG_SYSCALL_COUNT,
	PROG_SYSCALL_COUNT_CAPTURE, /* called by the one above */
	PROG_MAX,
};
#define PROG_BIT(id) (1ULL << (id))

/* Once, before the first object is opened: has libbpf hand over the code of programs. */
void programs__set_up(void);
/* Between opening and loading: selects the programs of two masks, for targets without and with
 * captures. The indices of their specs are below ncaptures. */
struct programs *programs__prepare(struct bpf_object *obj, struct features *f, uint64_t plain,
				   uint64_t capturing, uint32_t ncaptures);
void programs__free(struct programs *p);
/* After libbpf has loaded the object, or failed to: then it has the maps, and the relocated code of
 * its programs, but no program. */
void programs__relocated(struct programs *p, struct bpf_object *obj);
/* Loads the shared ones of these programs, for targets with this capture spec or NULL. 0, or the
 * errno with which the kernel refuses one. */
int programs__refusal(struct programs *p, uint64_t programs, const struct capture_spec *capture);

/* Whether programs__prepare() has selected it, for some target. */
bool programs__is_selected(const struct programs *p, enum program_id id);

/*
 * The descriptor of a program to attach at a site, which the caller does not close, and its cookie.
 * The cookie of a shared program is the target descriptor. A clone has that in its code, and cookie
 * 0; the site's previous clone is closed. A negative errno if the kernel refuses a clone.
 */
int programs__for_site(struct programs *p, enum program_id id, const struct program_site *site,
		       uint64_t *cookie);
/* Loads the shared program, if need be: its descriptor, or a negative errno. capture: NULL, or the
 * spec to load it for. */
int programs__fd(struct programs *p, enum program_id id, const struct capture_spec *capture);

/*
 * What the kernel counts of a program and its clones. run_ns and runs stay 0 unless
 * kernel.bpf_stats_enabled is on. skipped stays 0 on kernels that do not count it: before 5.12 for
 * tracing programs, 6.7 for the others.
 */
struct program_counts {
	uint64_t run_ns, runs, skipped;
};
struct program_counts programs__count(const struct programs *p, enum program_id id);
struct program_counts programs__count_fd(int fd);
