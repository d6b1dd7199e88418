/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs, their preparation for this kernel, and their clones. */
#pragma once

#include "kernel/features.h"
#include "object/code.h"
#include "object/program_table.h"

struct bpf_object;
struct capture_spec;
struct programs;

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
/* Adds what the kernel counts of the program at a site to *sum. */
void programs__count_site(struct programs *p, enum program_id id, const struct program_site *site,
			  struct program_counts *sum);
struct program_counts programs__count(const struct programs *p, enum program_id id);
struct program_counts programs__count_fd(int fd);
