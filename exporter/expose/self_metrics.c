/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/self_metrics.h"

#include "base/self.h"

static void write_build_info(const struct self *self, struct expo *e)
{
	static const struct metric_family family = {
		.name = "retprobe_exporter_build_info",
		.help = "Version of the exporter and of the libbpf that it runs with. Always 1.",
		.unit = "",
		.type = METRIC_GAUGE,
	};
	struct label labels[] = {
		{ "version", self->version },
		{ "revision", self->revision },
		{ "libbpf", self->libbpf },
	};

	expo__family(e, &family);
	expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, 1, 0);
}

static void write_bpf_stats(const struct metrics_input *in, struct expo *e)
{
	static const struct metric_family seconds = {
		.name = "retprobe_exporter_bpf_run_seconds",
		.help = "Time spent in the BPF programs of a mechanism (needs "
			"kernel.bpf_stats_enabled).",
		.unit = "seconds",
		.type = METRIC_COUNTER,
	};
	static const struct metric_family runs = {
		.name = "retprobe_exporter_bpf_runs",
		.help = "Runs of the BPF programs of a mechanism (needs kernel.bpf_stats_enabled).",
		.unit = "",
		.type = METRIC_COUNTER,
	};

	expo__family(e, &seconds);
	for (size_t i = 0; i < in->nbpf_stats; i++) {
		struct label l = { "mechanism", in->bpf_stats[i].mechanism };

		expo__value(e, &(struct label_set){ &l, 1 }, in->bpf_stats[i].run_seconds);
	}
	expo__family(e, &runs);
	for (size_t i = 0; i < in->nbpf_stats; i++) {
		struct label l = { "mechanism", in->bpf_stats[i].mechanism };

		expo__count(e, &(struct label_set){ &l, 1 }, in->bpf_stats[i].runs, 0);
	}
}

static void write_requests(const struct self *self, struct expo *e)
{
	static const struct metric_family family = {
		.name = "retprobe_exporter_http_requests",
		.help = "HTTP requests answered, by status code.",
		.unit = "",
		.type = METRIC_COUNTER,
	};

	expo__family(e, &family);
	for (size_t i = 0; i < self->nrequests; i++) {
		char code[16];
		struct label l = { "code", code };

		snprintf(code, sizeof(code), "%d", self->requests[i].code);
		expo__count(e, &(struct label_set){ &l, 1 }, self->requests[i].count, 0);
	}
}

/* Fields of struct self: double, or uint64_t if is_int. Left out while the field `has` is false. */
#define NO_CONDITION SIZE_MAX
static const struct self_row {
	struct metric_family family;
	bool is_int;
	size_t value, has; /* offsets */
} self_rows[] = {
	{ { "retprobe_exporter_scrape_duration_seconds", "Duration of the last completed scrape.",
	    "seconds", METRIC_GAUGE },
	  false,
	  offsetof(struct self, last_scrape_seconds),
	  offsetof(struct self, has_scrape) },
	{ { "retprobe_exporter_config_last_reload_success_timestamp_seconds",
	    "Time of the last successful configuration reload.", "seconds", METRIC_GAUGE },
	  false,
	  offsetof(struct self, reload_time),
	  NO_CONDITION },
	{ { "retprobe_exporter_server_restarts",
	    "Restarts of the server process because it died or hung.", "", METRIC_COUNTER },
	  true,
	  offsetof(struct self, restarts),
	  NO_CONDITION },
	{ { "retprobe_exporter_log_lines_dropped",
	    "Log lines that were dropped because stderr was blocked.", "", METRIC_COUNTER },
	  true,
	  offsetof(struct self, log_dropped),
	  NO_CONDITION },
	{ { "process_cpu_seconds", "Total user and system CPU time.", "seconds", METRIC_COUNTER },
	  false,
	  offsetof(struct self, process.cpu_seconds),
	  offsetof(struct self, has_process) },
	{ { "process_resident_memory_bytes", "Resident memory, including counter memory.", "bytes",
	    METRIC_GAUGE },
	  true,
	  offsetof(struct self, process.resident_bytes),
	  offsetof(struct self, has_process) },
	{ { "process_virtual_memory_bytes", "Virtual memory.", "bytes", METRIC_GAUGE },
	  true,
	  offsetof(struct self, process.virtual_bytes),
	  offsetof(struct self, has_process) },
	{ { "process_open_fds", "Open file descriptors.", "", METRIC_GAUGE },
	  true,
	  offsetof(struct self, process.open_fds),
	  offsetof(struct self, has_process) },
	{ { "process_max_fds", "Maximum number of open file descriptors.", "", METRIC_GAUGE },
	  true,
	  offsetof(struct self, process.max_fds),
	  offsetof(struct self, has_process) },
	{ { "process_threads", "Threads.", "", METRIC_GAUGE },
	  true,
	  offsetof(struct self, process.threads),
	  offsetof(struct self, has_process) },
	{ { "process_start_time_seconds", "Start time of the process, since the Unix epoch.",
	    "seconds", METRIC_GAUGE },
	  false,
	  offsetof(struct self, process.start_time),
	  offsetof(struct self, has_process) },
};

static void write_self_rows(const struct self *self, struct expo *e)
{
	const char *base = (const char *)self;

	for (size_t i = 0; i < ARRAY_SIZE(self_rows); i++) {
		const struct self_row *row = &self_rows[i];

		if (row->has != NO_CONDITION && !*(const bool *)(base + row->has))
			continue;
		expo__family(e, &row->family);
		if (row->is_int)
			expo__count(e, NULL, *(const uint64_t *)(base + row->value), 0);
		else
			expo__value(e, NULL, *(const double *)(base + row->value));
	}
}

void metrics_self__write(const struct metrics_input *in, struct expo *e)
{
	static const struct metric_family cell_bytes = {
		.name = "retprobe_exporter_cell_bytes",
		.help = "Counter memory of all probes, on all CPUs.",
		.unit = "bytes",
		.type = METRIC_GAUGE,
	};
	static const struct metric_family reload_ok = {
		.name = "retprobe_exporter_config_last_reload_successful",
		.help = "Whether the last configuration reload succeeded.",
		.unit = "",
		.type = METRIC_GAUGE,
	};

	if (in->self)
		write_build_info(in->self, e);
	write_bpf_stats(in, e);
	expo__family(e, &cell_bytes);
	expo__count(e, NULL, in->cell_bytes, 0);
	if (!in->self)
		return;
	write_requests(in->self, e);
	expo__family(e, &reload_ok);
	expo__count(e, NULL, in->self->reload_ok, 0);
	write_self_rows(in->self, e);
}
