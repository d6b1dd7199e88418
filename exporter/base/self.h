/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter's own health: process_*, HTTP requests by code, scrape durations. Thread-safe.
 *
 * Servers can only read the attacher's part. All servers write a common page of counters, so that
 * these survive a server. The attacher never reads that page, and servers do not trust it.
 */
#pragma once

#include "base/util.h"

#include <sys/types.h>

#define SELF_CODES 16

struct self_request {
	int code;
	uint64_t count;
};

struct self_resources {
	double cpu_seconds, start_time; /* seconds; start_time since the epoch */
	uint64_t resident_bytes, virtual_bytes, open_fds, max_fds, threads;
};

/* Of the scans for calls in progress. */
enum self_scan_state {
	SELF_SCAN_NONE, /* nothing to scan for */
	SELF_SCAN_WORKS,
	SELF_SCAN_UNAVAILABLE, /* the machine does not offer it */
	SELF_SCAN_REFUSED,     /* by the kernel */
};

struct self_scan {
	uint64_t state;			  /* enum self_scan_state */
	uint64_t scans, tasks, truncated; /* tasks and truncated: of the last one */
	double cpu_seconds;		  /* of all */
};

/* A reading. A number without its has_* is left out of the exposition. */
struct self {
	const char *version, *revision, *libbpf; /* of the build and of the running library */
	bool has_process;
	struct self_resources process;
	double last_scrape_seconds; /* duration of the last exposition */
	bool has_scrape;
	double reload_time; /* of the last successful reload, since the epoch */
	bool reload_ok;
	uint64_t restarts; /* of servers, after failures */
	bool has_scan;
	struct self_scan scan;
	uint64_t log_dropped;			  /* lines */
	struct self_request requests[SELF_CODES]; /* ascending codes; 200, 500 and 503 always */
	size_t nrequests;
};

/* The attacher, before the first server. 0 or a negative errno. */
int self__share(void);
/* The descriptors that a server needs for self__join(). They stay the attacher's. */
void self__descriptors(int *told, int *counted);
/* A server, before it counts. Takes the descriptors. 0 or a negative errno. */
int self__join(int told, int counted);
/* The attacher: measures the resources of itself and these children together, for all to read. */
void self__note_processes(const pid_t *children, size_t n);

/* Open descriptors of a process; 0 if it may not be inspected. */
uint64_t self__count_fds(pid_t pid);
void self__read(struct self *out);
void self__count_request(int code);
void self__note_scrape(double seconds);
void self__note_reload(bool ok);
void self__note_restart(void);
void self__note_scan(double cpu_seconds, uint64_t tasks, bool truncated);
void self__note_scan_state(enum self_scan_state state);
