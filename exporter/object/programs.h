/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF programs: which there are, how they are made ready for this kernel, and their clones.
 */
#ifndef OBJECT_PROGRAMS_H
#define OBJECT_PROGRAMS_H

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

/* What a program must know of the function that it is attached to. */
struct program_site {
	uint64_t spec;
	const char *module; /* kernel functions: "vmlinux" or a module's name */
	const char *symbol;
	uint32_t btf_id; /* tracing programs: in the module's BTF */
	uint8_t slots;	 /* tracing programs: words of arguments, behind which the result lies */
	bool has_result; /* it is not void */
	bool capturing;	 /* its probe has labels, filters or observed values (bpf/capture.bpf.h) */
};

/* Programs that this kernel does not load, and the errno that says why; 0: it has not refused the
 * program. By id; plain, then capturing. */
struct program_refusals {
	int err[PROG_MAX][2];
};

/*
 * Between opening and loading: selects the programs of two masks, without and with notes, and
 * resolves the kernel functions that they call. Leaves out the programs that are refused, and adds
 * those that cannot be made ready for this kernel to the refusals.
 */
struct programs *programs__prepare(struct bpf_object *obj, struct features *f, uint32_t plain,
				   uint32_t capturing, struct program_refusals *refused);
void programs__free(struct programs *p);
/* After a load that has failed because of one program: adds that program to the refusals. False: it
 * has not failed because of one program, or no program would be left. */
bool programs__refuse(const struct programs *p, int err, struct program_refusals *refused);
/* 0, or the errno with which the kernel refuses one of these. */
int programs__refusal(const struct programs *p, uint32_t programs, bool capturing);

/*
 * The descriptor of a program to be attached at a site, which the caller does not close, and the
 * cookie to attach it with. A shared program gets the spec as its cookie; a clone has the spec in
 * its code, and cookie is 0; the site's clone before it is closed. A negative errno if a clone was
 * refused.
 */
int programs__for_site(struct programs *p, enum program_id id, const struct program_site *site,
		       uint64_t *cookie);
/* The shared program's descriptor, or a negative errno. */
int programs__fd(const struct programs *p, enum program_id id, bool capturing);

/*
 * What the kernel counts of a program, its clones together. run_ns and runs stay 0 unless
 * kernel.bpf_stats_enabled is on, skipped where the kernel does not count that (before 5.12 for
 * tracing programs, 6.7 for the others).
 */
struct program_counts {
	uint64_t run_ns, runs, skipped;
};
struct program_counts programs__count(const struct programs *p, enum program_id id);
struct program_counts programs__count_fd(int fd);

#endif /* OBJECT_PROGRAMS_H */
