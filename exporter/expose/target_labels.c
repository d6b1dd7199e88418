/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/target_labels.h"

void target_labels__set(struct label labels[TARGET_LABELS], const struct target_state *st)
{
	labels[0] = (struct label){ "object", st->object };
	labels[1] = (struct label){ "function", st->function };
	labels[2] = (struct label){ "probe", st->probe };
}

const struct target_state *target_labels__next(const struct metrics_input *in, size_t *i)
{
	while (*i < in->ntargets) {
		const struct target_state *st = &in->targets[(*i)++];

		if (st->snap && metrics_input__wants(in, st->function))
			return st;
	}
	return NULL;
}
