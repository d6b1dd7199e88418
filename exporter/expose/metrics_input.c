/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/metrics_input.h"

bool metrics_input__wants(const struct metrics_input *in, const char *function)
{
	if (!in->functions)
		return true;
	for (size_t i = 0; i < in->nfunctions; i++)
		if (!strcmp(in->functions[i], function))
			return true;
	return false;
}
