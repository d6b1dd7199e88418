/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/progress.h"

#include "base/clock.h"

#define PERIOD 0.2 /* seconds */

static struct {
	bool (*poll)(void *ctx);
	void *ctx;
	double polled;
	bool given_up;
} progress;

void progress__set(bool (*poll)(void *ctx), void *ctx)
{
	progress.poll = poll;
	progress.ctx = ctx;
	progress.polled = 0;
	progress.given_up = false;
}

bool progress__poll(void)
{
	double now = monotonic_seconds();

	if (progress.poll && now - progress.polled >= PERIOD) {
		progress.polled = now;
		progress.given_up |= progress.poll(progress.ctx);
	}
	return progress.given_up;
}
