/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls with pauses, until CALLS rounds are made or SIGTERM arrives. A round of `stream` makes 5
 * calls of each system call. A round of `bursts` makes 20, and 10 of the user function.
 */
#include "workload.h"

static void stop(int signal)
{
	stopped = 1;
}

static int stop_on_signal(void)
{
	return signal(SIGTERM, stop) == SIG_ERR ? -1 : 0;
}

static long stream(struct worker *w, long i)
{
	for (int j = 0; j < 5; j++) {
		getpgid_live(w, i);
		unlink_missing(w, i);
	}
	return usleep(5000);
}

static long bursts(struct worker *w, long i)
{
	for (int j = 0; j < 20; j++) {
		getpgid_live(w, i);
		msgrcv_invalid(w, i);
		if (j % 2)
			workload_function(7);
	}
	return usleep(5000);
}

const struct operation stream_operations[] = {
	{ "stream", .call = stream, .set_up = stop_on_signal },
	{ "bursts", .call = bursts, .set_up = stop_on_signal },
	{},
};
