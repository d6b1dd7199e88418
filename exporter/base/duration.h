/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations as users write them: "1h30m", "1.5ms". */
#pragma once

#include "base/util.h"

struct duration_unit {
	const char *name;
	double factor;
};

enum duration_flags {
	DURATION_WHOLE = 1,	 /* whole numbers only */
	DURATION_DESCENDING = 2, /* 1h30m, but not 30m1h */
	DURATION_SINGLE = 4,	 /* one number with one unit; the number may have an exponent */
};

/* Adds up numbers times the factors of their units. units ends with a NULL name. False: text is no
 * such duration. */
bool duration__parse(const char *text, const struct duration_unit *units, unsigned flags,
		     double *out);
