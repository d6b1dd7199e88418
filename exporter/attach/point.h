/* SPDX-License-Identifier: GPL-2.0-only */
/* A program on a tracepoint, with its record or raw, at the entry of a kernel function, or at a
 * place in a program. */
#pragma once

#include "attach/mechanism.h"
#include "attach/slot.h"
#include "kernel/perf_event.h"

struct point {
	struct perf_attachment
		at;  /* only the link: raw; or in a program, where there is uprobe.multi */
	int program; /* owned by struct programs; 0: none */
};
#define POINT_NONE ((struct point){ { -1, -1 }, 0 })

/* event: as perf_event__open_tracepoint() returns it, and its like. 0; or a negative errno with
 * *at, and *out is none. */
int point__attach(struct attach_context *c, enum program_id program,
		  const struct program_site *site, int event, struct point *out, enum attempt *at);
/* The same at a place in a program: a function's entry or return, or a USDT probe. */
int point__attach_in_file(struct attach_context *c, enum program_id program,
			  const struct program_site *site, const struct point_place *place,
			  bool is_return, struct point *out, enum attempt *at);
/* The same at the entry of a kernel function. */
int point__attach_at_entry(struct attach_context *c, enum program_id program,
			   const struct program_site *site, const char *symbol, struct point *out,
			   enum attempt *at);
/* The same at a raw tracepoint. */
int point__attach_raw(struct attach_context *c, enum program_id program,
		      const struct program_site *site, const char *name, struct point *out,
		      enum attempt *at);
/* An event of a tracepoint, for point__attach(). name: "block:block_rq_issue". */
int point__open_tracepoint(struct attach_context *c, const char *name);
void point__detach(struct point *p);
/* How often the kernel has skipped the programs of n points, or the kprobes that call them. A clone
 * belongs to one point, and so do its skipped runs. */
uint64_t point__skipped(const struct point *points, size_t n);

/* As attach_ops.caveat, of programs on perf events. */
const char *point__caveat(struct features *f);

/* ---- mechanisms whose targets have one point each: the state of the slot ----------------------
 */

struct point *point__new(struct attach_slot *slot);
/* As attach_ops.detach and .count. */
void point__detach_slot(struct attach_context *c, struct attach_slot *slot);
void point__count_slots(struct attach_context *c, struct attach_slot **slots, size_t n,
			struct kernel_counts *out);
