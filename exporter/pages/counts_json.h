/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of a probe as members of a JSON object, each with a comma before it. API.md has
 * their meaning. */
#pragma once

#include "expose/metrics_input.h"
#include "base/buf.h"

/* calls, sum, buckets, outcomes. */
void counts_json__cell(struct buf *b, const struct metrics_input *in, const struct target *t,
		       const struct snap_cell *cell);
/* The same, summed over all label sets. st has counts. */
void counts_json__total(struct buf *b, const struct metrics_input *in,
			const struct target_state *st);
/* The reasons of the mask, and others that are not 0. */
void counts_json__missed(struct buf *b, const uint64_t missed[MISSED_MAX], uint32_t reasons);
