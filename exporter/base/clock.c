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

uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

double cpu_seconds(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
