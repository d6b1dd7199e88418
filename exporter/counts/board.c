/* SPDX-License-Identifier: GPL-2.0-only */
#include "counts/board.h"

#include "config/config.h"

size_t board__size(size_t ntargets)
{
	return sizeof(struct board) + ntargets * sizeof(struct losses_target);
}

uint32_t board__mechanism(const char *name)
{
	uint32_t i = 0;

	while (config_mechanisms[i] && strcmp(config_mechanisms[i], name))
		i++;
	return i;
}

const char *board__name(uint32_t mechanism)
{
	return config_mechanisms[mechanism];
}

void board__add_programs(struct board_program *sums, const struct board_program *programs)
{
	for (int i = 0; i < BOARD_MECHANISMS; i++) {
		sums[i].shared |= programs[i].shared;
		sums[i].reasons |= programs[i].reasons;
		sums[i].run_ns += programs[i].run_ns;
		sums[i].runs += programs[i].runs;
		for (int r = 0; r < MISSED_MAX; r++)
			sums[i].missed[r] += programs[i].missed[r];
	}
}
