/* SPDX-License-Identifier: GPL-2.0-only */
/* The state that probes/reconcile.c shares with the sources that do its steps. */
#pragma once

#include "probes/costs.h"
#include "probes/rate_guard.h"
#include "probes/table.h"
#include "probes/watch.h"
#include "files/program_files.h"
#include "samples/kept.h"

struct reconcile {
	struct features *features;
	int tracefs;
	void (*on_plan)(const struct generation *g); /* see reconcile__new() */
	struct config *config;			     /* a reference; NULL before the first one */
	struct generation **generations;
	size_t n;
	unsigned made; /* generations, ever */
	struct probe_table *table;
	struct watch *watch;
	struct program_files *programs;
	bool programs_changed; /* and the probes have not been updated yet */
	double programs_next;  /* not before; monotonic seconds */
	struct costs *costs;
	struct rate_guard *guard;
	struct switches *switches;
	unsigned off; /* switches that are off */
	bool changed; /* the last change made another table */
	bool pending; /* the machine has changed, and the probes have not been updated yet */
	char *failed; /* why the last update failed; NULL: it did not, or there was none */
	double last_scan, scan_saved; /* seconds of CPU time that scans may use */
	double scanned;		      /* time of the last scan, seconds since the epoch; 0: none */
	bool scan_truncated;	      /* it left out calls */
	struct in_progress *in_progress;
	struct kept_samples *samples;
	double last_sampling;
	const char *unscanned; /* why calls in progress are not known, as the log says; NULL: they
				  are */
	double now, last_watch, last_guard, last_former, retry_at;
};
