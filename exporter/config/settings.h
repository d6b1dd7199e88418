/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of a probe: everything but its targets. */
#pragma once

#include "config/notes.h"
#include "config/span_settings.h"
#include "types/returns.h"

#define MAX_SERIES_DEFAULT 500

/* What is counted of what calls take, as bits. */
enum counter { COUNTER_PAGE_FAULTS = 1, COUNTER_CONTEXT_SWITCHES = 2, COUNTER_PERF = 4 };
#define COUNTERS_OF_TASK     (COUNTER_PAGE_FAULTS | COUNTER_CONTEXT_SWITCHES)
#define COUNTER_PERF_BITS(v) ((v) / COUNTER_PERF) /* by kernel/perf_counters.h */

/* What is exported of calls in progress. */
enum in_flight { IN_FLIGHT_DEFAULT, IN_FLIGHT_ON, IN_FLIGHT_LONGER, IN_FLIGHT_OFF };

#define SAMPLES_PER_SECOND 10
#define SAMPLE_SHOWN_MAX   8

/* Which calls are sampled, and what is kept of them. */
struct sampling {
	bool given, on;		 /* the user has given `sample`, and not off */
	struct expression *when; /* none: all that are counted */
	size_t nwhen;
	struct expression *show; /* named values that samples have */
	size_t nshow;
	uint32_t per_second;
	uint32_t stacks; /* bits of enum rp_stack */
};

/* Which label sets stay when there are more than max_series, and what makes a set large. */
enum keep { KEEP_DEFAULT, KEEP_FIRST, KEEP_TOP };
enum keep_by { BY_DEFAULT, BY_CALLS, BY_ERRORS, BY_TIME };

struct probe_settings {
	char *name;	    /* the label `probe`; NULL: none */
	char *mechanism;    /* NULL: as --mechanism says */
	uint32_t maxactive; /* return slots of a legacy kretprobe */
	bool has_durations; /* the user has given `durations` */
	bool untimed;	    /* durations: off */
	enum returns returns;
	const struct c_type *c_type;   /* that `returns` names; NULL: none */
	struct source_pos returns_pos; /* of the value of `returns` */
	struct expression error;       /* as in "< 0"; text NULL: not given, "none": none */
	struct expression *labels, *filters, *observed;
	size_t nlabels, nfilters, nobserved;
	bool has_split, off_cpu; /* given; split: cpu */
	bool has_counters;
	struct source_pos measured_pos; /* of one of these */
	unsigned counters;		/* bits of enum counter */
	uint32_t max_series;		/* label sets kept, or distinct values; 0: not given */
	enum keep keep;
	enum keep_by by;   /* of keep: top */
	double series_ttl; /* seconds until an idle label set is folded away; 0: never */
	struct {
		bool given;
		double *v; /* seconds, ascending */
		size_t n;
		struct source_pos pos;
	} buckets; /* classic buckets of durations, instead of those of histograms: */
	enum in_flight in_flight;
	bool has_max_rate; /* the user has given one */
	uint64_t max_rate; /* calls per second; above it the probe is detached. 0: no limit */
	double max_cpu;	   /* likewise: CPU time, as a share of all CPUs. 0: no limit */
	struct sampling sample;
	struct probe_notes notes;
	struct span_settings *span; /* NULL: a probe */
};

/* Fills settings that s lacks from `defaults`, then from the built-in defaults. */
void probe_settings__fill(struct probe_settings *s, const struct probe_settings *defaults);
/* Whether a target is probed in the same way by both. Ignores limits and notes. */
bool probe_settings__same(const struct probe_settings *a, const struct probe_settings *b);
/* Whether the rate guard limits a target in the same way by both. */
bool probe_settings__same_limits(const struct probe_settings *a, const struct probe_settings *b);
void probe_settings__free(struct probe_settings *s); /* what is in it */
