/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clock.h"

#include <time.h>

static double read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double now_seconds(void)
{
	return read_clock(CLOCK_REALTIME);
}

double monotonic_seconds(void)
{
	return read_clock(CLOCK_MONOTONIC);
}
