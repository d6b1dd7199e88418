/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs, their preparation for this kernel, and their clones. */
#pragma once

#include "kernel/features.h"
#include "base/util.h"

struct bpf_object;
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
	PROG_MAX,
};
#define PROG_BIT(id) (1U << (id))

/* What a program needs to know about the function that it is attached to. */
struct program_site {
	uint64_t spec;
	const char *module; /* kernel functions: "vmlinux" or a module's name */
	const char *symbol;
	uint32_t btf_id; /* tracing programs: in the module's BTF */
	uint8_t slots;	 /* tracing programs: words of arguments; the result follows */
	bool has_result; /* it is not void */
	bool capturing;	 /* its probe has labels, filters or observed values (bpf/capture.bpf.h) */
};

/* The errno with which this kernel refuses each program; 0: it does not. By id; plain, then
 * capturing. */
struct program_refusals {
	int err[PROG_MAX][2];
};

/*
 * Between opening and loading: selects the programs of two masks, without and with captures, and
 * resolves the kernel functions that they call. Skips refused programs, and adds the programs that
 * cannot be prepared for this kernel to the refusals.
 */
struct programs *programs__prepare(struct bpf_object *obj, struct features *f, uint32_t plain,
				   uint32_t capturing, struct program_refusals *refused);
void programs__free(struct programs *p);
/* After a failed load: adds the program that caused it to the refusals. False: no single program
 * caused it, or no program would be left. */
bool programs__refuse(const struct programs *p, int err, struct program_refusals *refused);
/* 0, or the errno with which the kernel refuses one of these. */
int programs__refusal(const struct programs *p, uint32_t programs, bool capturing);

/*
 * The descriptor of a program to attach at a site, which the caller does not close, and its cookie.
 * The cookie of a shared program is the target descriptor. A clone has that in its code, and cookie
 * 0; the site's previous clone is closed. A negative errno if the kernel refuses a clone.
 */
int programs__for_site(struct programs *p, enum program_id id, const struct program_site *site,
		       uint64_t *cookie);
/* The shared program's descriptor, or a negative errno. */
int programs__fd(const struct programs *p, enum program_id id, bool capturing);
/* The same for the variant with captures, or else the one without. */
int programs__any_fd(const struct programs *p, enum program_id id);

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
