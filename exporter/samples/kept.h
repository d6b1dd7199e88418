/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The newest samples of all generations, as they come from the kernel, and what of them would not
 * be known later: the names of label values and cgroups. Names of kernel functions are found when
 * they are asked for.
 */
#pragma once

#include "base/buf.h"
#include "discover/target.h"
#include "labels/slots.h"
#include "object/object.h"
#include "samples/exemplar.h"

struct kept_samples;
struct kept_samples *kept_samples__new(void);
void kept_samples__free(struct kept_samples *k); /* NULL is fine */

/* Takes what a generation's programs have sampled. generation: its number. now: monotonic seconds.
 */
void kept_samples__take(struct kept_samples *k, unsigned generation, struct object *obj,
			const struct targets *targets, struct label_slots *labels, double now);
/* Adds the samples of a generation, as far as their durations are known, as exemplars with the
 * generation's index in a server's table. */
void kept_samples__add_exemplars(const struct kept_samples *k, unsigned generation, uint32_t index,
				 const struct banks *banks, struct exemplar **v, size_t *n);
/* Appends a report (samples/report.h). */
void kept_samples__write(struct kept_samples *k, struct buf *out);
