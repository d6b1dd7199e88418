/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a call costs, as measured on this machine: the overhead of the mechanism
 * (attach/overhead.h), once, and the run time of the programs, from the kernel's statistics. These
 * make each BPF program of the machine slower, and switching them patches the kernel's code. So
 * they are on for a moment when a target with a budget is called often, and every ten minutes. What
 * cannot be measured is not counted, and the log says so once.
 */
#pragma once

#include "probes/table.h"

#define COSTS_REFRESH 600.0 /* seconds between measurements of programs */
#define COSTS_MANY    100   /* calls between two checks, so that a moment sees some */

struct costs;

struct costs *costs__new(struct features *f); /* borrowed */
void costs__free(struct costs *c);	      /* NULL is fine */

/* Call it before a generation is attached. Measures mechanisms of targets with a budget. off: as
 * from switches__off(). */
void costs__prepare(struct costs *c, const struct generation *g, unsigned off);

/* CPU seconds of a call, or of a point of a span. Measures the mechanism if that is still to be
 * done. */
double costs__of_call(struct costs *c, const struct generation *g, uint32_t id);

/* So many calls of a target with a budget since the last check. */
void costs__note(struct costs *c, struct target_cost *cost, uint64_t calls);
/* A paused target counts again, which may be for seconds only. */
void costs__resumed(struct costs *c, const struct generation *g, uint32_t id);

/* Call it about once a second: begins or ends a measurement of programs. */
void costs__tick(struct costs *c, const struct probe_table *table, unsigned off, double now);
