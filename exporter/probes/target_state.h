/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "counts/in_flight.h"
#include "counts/shared_missed.h"
#include "counts/snapshot.h"
#include "discover/target.h"
#include "samples/exemplar.h"

/* The state and the counts of a target, under one of its names. */
struct target_state {
	const struct target *target;
	const char *object, *function; /* the labels of its series */
	const char *probe;	       /* likewise; NULL: none */
	bool again;		       /* a further name of the previous state's target */
	bool attached;
	const char *mechanism;	       /* NULL without counts */
	const char *caveat;	       /* a known gap in this mechanism's accounting; NULL: none */
	size_t former_files;	       /* replaced or removed files that processes still run */
	size_t nfiles;		       /* of a selection, attached; 0: it has none */
	const char *files;	       /* the first of their paths, one per line; NULL: none */
	size_t left_out;	       /* files of the selection that are not counted */
	double created;		       /* when it was attached, seconds since the epoch */
	struct probe_notes notes;      /* the table owns their texts */
	bool longer;		       /* in_flight: longer */
	bool has_max_rate;	       /* the rate guard may detach it */
	bool has_max_cpu;	       /* likewise; alone or with others */
	uint64_t detached[REASON_MAX]; /* automatic detachments, by reason */
	/* A paused target keeps its counts. NULL: never attached. */
	const struct snap_target *snap;
	const struct missed_target *missed;	  /* NULL: none known */
	const struct in_flight_target *in_flight; /* NULL: none known */
	const struct rp_sampling *sampling;	  /* NULL: it is not sampled */
	const struct exemplar *exemplars;	  /* in the order of exemplars__sort() */
	size_t nexemplars;
};
