/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/scans.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/self.h"
#include "counts/in_flight.h"

#define SHARE 0.01 /* of a CPU, on average */
#define SAVED 0.6  /* seconds of CPU time that scans may use at once after a pause */
#define LIMIT 0.5  /* seconds of CPU time; a scan that needs more stops early */

static bool is_needed(const struct reconcile *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->generations[i]->scan && scan__is_needed(r->generations[i]->scan))
			return true;
	return false;
}

/* Logs each reason once. */
static void tell(struct reconcile *r, const char *why, enum self_scan_state state)
{
	if (why && why != r->unscanned)
		log__line(state == SELF_SCAN_REFUSED ? LOG_WARN : LOG_INFO,
			  "calls in progress are not counted: %s", why);
	r->unscanned = why;
	self__note_scan_state(state);
}

static const char *explain(int err)
{
	return err == -EPERM || err == -EACCES
		       ? "the kernel does not permit a task iterator (CAP_BPF and CAP_PERFMON)"
		       : "the kernel refuses the task iterator; --log.level=debug shows its "
			 "reasons";
}

static int run_all(struct reconcile *r, struct scan_totals *totals)
{
	int err = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct scan *s = r->generations[i]->scan;
		int failed = s && scan__is_needed(s) ? scan__run(s, totals) : 0;

		err = err ? err : failed;
	}
	return err;
}

/* Whether a scan may run now. Its CPU time is saved up while none runs. */
static bool may_run(struct reconcile *r, double now)
{
	double saved = r->scan_saved + SHARE * (now - r->last_scan);

	if (now - r->last_scan < IN_FLIGHT_PERIOD || (r->last_scan && saved <= 0))
		return false;
	r->scan_saved = r->last_scan && saved < SAVED ? saved : SAVED;
	r->last_scan = now;
	return true;
}

void scans__run(struct reconcile *r, double now)
{
	const char *missing = r->n ? features__missing(r->features, FEATURE_TASK_ITERATOR) : NULL;
	struct scan_totals totals = {};
	double begun, cost;
	int err;

	if (missing)
		tell(r, missing, SELF_SCAN_UNAVAILABLE);
	if (!is_needed(r) || !may_run(r, now))
		return;
	begun = cpu_seconds();
	totals.until = begun + LIMIT;
	err = run_all(r, &totals);
	cost = cpu_seconds() - begun;
	r->scan_saved -= cost;
	r->scanned = now_seconds();
	r->scan_truncated = totals.truncated;
	self__note_scan(cost, totals.tasks, totals.truncated);
	if (err)
		tell(r, explain(err), SELF_SCAN_REFUSED);
	else if (!missing)
		tell(r, NULL, SELF_SCAN_WORKS);
}
