/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/self_metrics.h"

#include "base/self.h"

static void write_build_info(const struct self *self, struct expo *e)
{
	static const struct metric_family family = {
		"retprobe_exporter_build_info",
		"Version of the exporter and of the libbpf that it runs with. Always 1.", "",
		METRIC_GAUGE
	};
	struct label labels[] = {
		{ "version", self->version },
		{ "revision", self->revision },
		{ "libbpf", self->libbpf },
	};

	expo__family(e, &family);
	expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, 1, 0);
}

/* Nothing unless kernel.bpf_stats_enabled is on. */
static void write_bpf_stats(const struct metrics_input *in, struct expo *e)
{
	static const struct metric_family families[] = {
		{ "retprobe_exporter_bpf_run_seconds",
		  "Time spent in the BPF programs of a mechanism (needs kernel.bpf_stats_enabled).",
		  "seconds", METRIC_COUNTER },
		{ "retprobe_exporter_bpf_runs",
		  "Runs of the BPF programs of a mechanism (needs kernel.bpf_stats_enabled).", "",
		  METRIC_COUNTER },
	};

	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		expo__family(e, &families[f]);
		for (int i = 0; in->programs && i < MISSED_MECHANISMS; i++) {
			const struct missed_program *p = &in->programs[i];
			struct label l = { "mechanism", NULL };
			struct label_set ls = { &l, 1 };

			if (!p->runs)
				continue;
			l.value = shared_missed__name(i);
			if (f)
				expo__count(e, &ls, p->runs, 0);
			else
				expo__value(e, &ls, (double)p->run_ns / 1e9, 0);
		}
	}
}

static void write_requests(const struct self *self, struct expo *e)
{
	static const struct metric_family family = { "retprobe_exporter_http_requests",
						     "HTTP requests answered, by status code.", "",
						     METRIC_COUNTER };

	expo__family(e, &family);
	for (size_t i = 0; i < self->nrequests; i++) {
		char code[16];
		struct label l = { "code", code };

		snprintf(code, sizeof(code), "%d", self->requests[i].code);
		expo__count(e, &(struct label_set){ &l, 1 }, self->requests[i].count, 0);
	}
}

/* Nothing unless there is something to scan for. */
static void write_scan_available(const struct self *self, struct expo *e)
{
	static const struct metric_family family = {
		"retprobe_exporter_scan_available",
		"Whether calls in progress can be found (1) or not (0), and why not.", "",
		METRIC_GAUGE
	};
	static const char *const reasons[] = { [SELF_SCAN_WORKS] = "",
					       [SELF_SCAN_UNAVAILABLE] = "unavailable",
					       [SELF_SCAN_REFUSED] = "refused" };
	struct label l = { "reason", NULL };

	if (self->scan.state == SELF_SCAN_NONE || self->scan.state >= ARRAY_SIZE(reasons))
		return;
	l.value = reasons[self->scan.state];
	expo__family(e, &family);
	expo__count(e, &(struct label_set){ &l, 1 }, self->scan.state == SELF_SCAN_WORKS, 0);
}

/* Fields of struct self: double, or uint64_t if is_int. Left out while the field `has` is false. */
#define ALWAYS		    SIZE_MAX
#define IF(field)	    offsetof(struct self, field)
#define NUMBER(field, has)  false, offsetof(struct self, field), has
#define INTEGER(field, has) true, offsetof(struct self, field), has
static const struct self_row {
	struct metric_family family;
	bool is_int;
	size_t value, has; /* offsets */
} self_rows[] = {
	{ { "retprobe_exporter_scrape_duration_seconds", "Duration of the last completed scrape.",
	    "seconds", METRIC_GAUGE },
	  NUMBER(last_scrape_seconds, IF(has_scrape)) },
	{ { "retprobe_exporter_config_last_reload_success_timestamp_seconds",
	    "Time of the last successful configuration reload.", "seconds", METRIC_GAUGE },
	  NUMBER(reload_time, ALWAYS) },
	{ { "retprobe_exporter_server_restarts",
	    "Restarts of the server process because it died or hung.", "", METRIC_COUNTER },
	  INTEGER(restarts, ALWAYS) },
	{ { "retprobe_exporter_log_lines_dropped",
	    "Log lines that were dropped because stderr was blocked.", "", METRIC_COUNTER },
	  INTEGER(log_dropped, ALWAYS) },
	{ { "retprobe_exporter_scans", "Scans of all threads for calls in progress.", "",
	    METRIC_COUNTER },
	  INTEGER(scan.scans, IF(has_scan)) },
	{ { "retprobe_exporter_scan_cpu_seconds", "CPU time of these scans.", "seconds",
	    METRIC_COUNTER },
	  NUMBER(scan.cpu_seconds, IF(has_scan)) },
	{ { "retprobe_exporter_scan_tasks", "Threads that the last scan looked at.", "",
	    METRIC_GAUGE },
	  INTEGER(scan.tasks, IF(has_scan)) },
	{ { "retprobe_exporter_scan_truncated",
	    "Whether the last scan was stopped early (1): it took too long, or a thread had too "
	    "many calls. Then retprobe_in_flight is a lower bound.",
	    "", METRIC_GAUGE },
	  INTEGER(scan.truncated, IF(has_scan)) },
	{ { "process_cpu_seconds", "Total user and system CPU time.", "seconds", METRIC_COUNTER },
	  NUMBER(process.cpu_seconds, IF(has_process)) },
	{ { "process_resident_memory_bytes", "Resident memory, including counter memory.", "bytes",
	    METRIC_GAUGE },
	  INTEGER(process.resident_bytes, IF(has_process)) },
	{ { "process_virtual_memory_bytes", "Virtual memory.", "bytes", METRIC_GAUGE },
	  INTEGER(process.virtual_bytes, IF(has_process)) },
	{ { "process_open_fds", "Open file descriptors.", "", METRIC_GAUGE },
	  INTEGER(process.open_fds, IF(has_process)) },
	{ { "process_max_fds", "Maximum number of open file descriptors.", "", METRIC_GAUGE },
	  INTEGER(process.max_fds, IF(has_process)) },
	{ { "process_threads", "Threads.", "", METRIC_GAUGE },
	  INTEGER(process.threads, IF(has_process)) },
	{ { "process_start_time_seconds", "Start time of the process, since the Unix epoch.",
	    "seconds", METRIC_GAUGE },
	  NUMBER(process.start_time, IF(has_process)) },
};

static void write_self_rows(const struct self *self, struct expo *e)
{
	const char *base = (const char *)self;

	for (size_t i = 0; i < ARRAY_SIZE(self_rows); i++) {
		const struct self_row *row = &self_rows[i];

		if (row->has != ALWAYS && !*(const bool *)(base + row->has))
			continue;
		expo__family(e, &row->family);
		if (row->is_int)
			expo__count(e, NULL, *(const uint64_t *)(base + row->value), 0);
		else
			expo__value(e, NULL, *(const double *)(base + row->value), 0);
	}
}

void metrics_self__write(const struct metrics_input *in, struct expo *e)
{
	static const struct metric_family cell_bytes = {
		"retprobe_exporter_cell_bytes", "Counter memory of all probes, on all CPUs.",
		"bytes", METRIC_GAUGE
	};
	static const struct metric_family reload_ok = {
		"retprobe_exporter_config_last_reload_successful",
		"Whether the last configuration reload succeeded.", "", METRIC_GAUGE
	};

	if (in->self)
		write_build_info(in->self, e);
	write_bpf_stats(in, e);
	expo__family(e, &cell_bytes);
	expo__count(e, NULL, in->cell_bytes, 0);
	if (!in->self)
		return;
	write_requests(in->self, e);
	write_scan_available(in->self, e);
	expo__family(e, &reload_ok);
	expo__count(e, NULL, in->self->reload_ok, 0);
	write_self_rows(in->self, e);
}
