/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters of all functions at one time. A reading owns its numbers and names, so that it can
 * be subtracted from later ones even if its probes are gone by then.
 */
#pragma once

#include "bpf/samples.h"
#include "probes/target_state.h"

struct probe_table;

/* A function, by its first name. */
struct reading_function {
	enum target_type type;
	char *object, *function, *probe; /* probe NULL: it has no name */
	double created;			 /* as in struct target_state; of the same counters */
	const struct snap_target *snap;	 /* NULL: never attached */
	uint64_t missed[MISSED_MAX];
	struct in_flight_target in_flight;
	bool sampled;
	struct rp_sampling sampling;
	/* Without snap, missed, in_flight and sampling. Valid as long as the probe table. */
	const struct target_state *state;
};

struct reading {
	double at;    /* monotonic seconds */
	double clock; /* the same time in seconds since the epoch */
	struct reading_function *v;
	size_t n;
	struct snapshot **snapshots; /* by generation */
	size_t nsnapshots;
	uint32_t hist_words; /* of each histogram in snap_cell.hists */
	struct missed_program programs[MISSED_MECHANISMS]; /* of all generations, former ones too */
};

struct reader;

struct reader *reader__new(void);
void reader__free(struct reader *r); /* NULL is fine */
/* Reads the counters of the table. Call reconcile__update() and reconcile__scan() before. 0 and
 * *out, or a negative errno. */
int reader__take(struct reader *r, const struct probe_table *table, struct reading **out);

void reading__free(struct reading *r); /* NULL is fine */
