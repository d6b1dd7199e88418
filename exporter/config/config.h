/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: command line and YAML as one struct, which config/parse.h makes. Nothing else
 * in the exporter sees argv or a configuration file, and nothing in config/ looks at the machine,
 * except for files that are named without their path.
 */
#pragma once

#include "bpf/abi.h"
#include "base/histogram_layout.h"
#include "base/log.h"
#include "config/probe_list.h"

enum config_action {
	ACTION_RUN,
	ACTION_TOP,
	ACTION_CHECK,
	ACTION_LIST,
	ACTION_HELP,
	ACTION_VERSION,
};
enum cells_mode { CELLS_MMAP, CELLS_PERCPU };

struct web_config {
	char **listen; /* host:port, [v6]:port, :port; at least one */
	size_t nlisten;
	char *telemetry_path;
	char *config_file;     /* NULL: no TLS, no authentication */
	unsigned max_requests; /* 0: no limit */
	bool systemd_socket;   /* the listening sockets come from systemd; listen[] is not used */
	bool lifecycle;	       /* /-/reload is allowed */
	bool openmetrics_created; /* `_created` series in OpenMetrics */
};

enum top_format { TOP_TABLE, TOP_JSON };

/* Columns of the table. */
enum top_column {
	TOP_CALLS,
	TOP_ERRORS,
	TOP_MISSED,
	TOP_P50,
	TOP_P99,
	TOP_IN_FLIGHT,
	TOP_TIME,
	TOP_FUNCTION,
	TOP_COLUMNS,
};
extern const char *const top_column_names[TOP_COLUMNS + 1]; /* ends with NULL */

/* ACTION_TOP. */
struct top_config {
	bool once;
	double duration; /* seconds; 0: until it is told to end */
	double interval; /* seconds */
	enum top_format format;
	enum top_column sort;
};

struct config {
	int refs; /* config__ref(), config__free() */
	enum config_action action;
	char **list_globs; /* ACTION_LIST; none: all */
	size_t nlist_globs;
	bool strict;
	bool is_default_set; /* no PROBE, file or preset was given */
	char *mechanism;     /* "auto" or the name of a mechanism */
	enum cells_mode cells;
	uint64_t memory_limit; /* bytes */
	double max_cpu;	       /* of all probes together: share of all CPUs; 0: no limit */

	double *buckets; /* classic bounds, seconds, ascending */
	size_t nbuckets;
	int native_schema;    /* 0..3, or -1: off */
	double *size_buckets; /* classic bounds of sizes and observed values, integers, ascending */
	size_t nsize_buckets;

	struct probe_list *lists;
	size_t nlists;

	struct web_config web;
	struct top_config top;
	struct config_watch *watch; /* of --config.file, from before it was read; NULL: none */
	enum log_level log_level;
	enum log_format log_format;

	char **files; /* owns the names that source_pos.file points to */
	size_t nfiles;
};

/* With the default histograms, no probes, and one reference. */
struct config *config__new(void);
struct config *config__ref(struct config *c);
/* The selections of user functions, with room for one per list in v, which may be NULL. Returns
 * their number. */
size_t config__selections(const struct config *c, const struct selection **v);
void config__free(struct config *c); /* the last reference frees it; NULL is fine */
/* Whether both ask for the same probes, in the same way. */
bool config__same(const struct config *a, const struct config *b);
/* The layout of durations: the classic buckets of histograms:, and bins for those of the first
 * `nlists` lists, too. 0, or -EINVAL with *why, to be freed. */
int config__layout(const struct config *c, size_t nlists, struct histogram_layout **out,
		   char **why);
/* Whether counters and histograms have the same layout in both. */
bool config__same_cells(const struct config *a, const struct config *b);
