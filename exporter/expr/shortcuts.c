/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/shortcuts.h"

static bool is_in_args(const struct rp_field *f)
{
	return f->source < RP_SOURCE_PID;
}

/* What the task has is always readable. */
static bool may_fail(const struct rp_capture_spec *k)
{
	for (uint32_t i = 0; i < k->nnumbers; i++)
		if (is_in_args(&k->number[i]) || k->number[i].source >= RP_SOURCE_CHANGED)
			return true;
	return k->ntexts;
}

/* Whether all calls that return count, and their results are neither judged nor sampled. */
static bool has_no_endings(const struct rp_capture_spec *k)
{
	return !k->sampling.per_second && !k->counted.filters && !k->error.set && !k->split;
}

void shortcuts__set(struct rp_capture_spec *k, bool plain)
{
	k->may_fail = may_fail(k);
	k->sets_only = plain && has_no_endings(k);
}

bool shortcuts__may_be_typed(const struct rp_capture_spec *k)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < k->nnumbers; i++) {
		const struct rp_field *f = &k->number[i];

		if (!is_in_args(f))
			continue;
		if (f->user || !f->size)
			return false;
		n++;
	}
	return n && !k->of_syscall && !k->callers;
}
