/* SPDX-License-Identifier: GPL-2.0-only */
#include "counts/shared_missed.h"

#include "config/values.h"

size_t shared_missed__size(size_t ntargets)
{
	return sizeof(struct shared_missed) + ntargets * sizeof(struct missed_target);
}

uint32_t shared_missed__mechanism(const char *name)
{
	uint32_t i = 0;

	while (config_mechanisms[i] && strcmp(config_mechanisms[i], name))
		i++;
	return i;
}

const char *shared_missed__name(uint32_t mechanism)
{
	return mechanism == MISSED_ANSWERED ? "answered" : config_mechanisms[mechanism];
}

void shared_missed__add_programs(struct missed_program *sums, const struct missed_program *programs)
{
	for (int i = 0; i < MISSED_MECHANISMS; i++) {
		sums[i].shared |= programs[i].shared;
		sums[i].reasons |= programs[i].reasons;
		sums[i].run_ns += programs[i].run_ns;
		sums[i].runs += programs[i].runs;
		for (int r = 0; r < MISSED_MAX; r++)
			sums[i].missed[r] += programs[i].missed[r];
	}
}
