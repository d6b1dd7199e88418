/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of the command line, and --help, which shows them in their order here. */
#include "config/options.h"

#include "base/value.h"
#include "config/expressions.h"
#include "config/sampling.h"
#include "config/values.h"

static void replace(char **slot, const char *value)
{
	free(*slot);
	*slot = xstrdup(value);
}

static int set_config_file(struct loader *l, const char *value, char **why)
{
	replace(&l->file, value);
	l->file_pos = l->flag_pos;
	return 0;
}

static int set_preset(struct loader *l, const char *value, char **why)
{
	loader__add_preset(l, value, &l->flag_pos);
	return 0;
}

static int set_probe_list(struct loader *l, const char *value, char **why)
{
	l->list = true;
	if (value)
		loader__add_glob(l, value);
	return 0;
}

static int set_label(struct loader *l, const char *value, char **why)
{
	return expressions__add_label(&l->probes.settings, value, &l->flag_pos, why);
}

static int set_filter(struct loader *l, const char *value, char **why)
{
	return expressions__add_filter(&l->probes.settings, value, &l->flag_pos, why);
}

static int set_observe(struct loader *l, const char *value, char **why)
{
	return expressions__add_observed(&l->probes.settings, value, &l->flag_pos, why);
}

static int set_sample(struct loader *l, const char *value, char **why)
{
	return sampling__add(&l->probes.settings, value, &l->flag_pos, why);
}

static int set_duration(struct loader *l, const char *value, char **why)
{
	return value__duration(value, &l->c->top.duration, why);
}

static int set_interval(struct loader *l, const char *value, char **why)
{
	return value__duration(value, &l->c->top.interval, why);
}

static int set_cells(struct loader *l, const char *value, char **why)
{
	static const char *const names[] = { [CELLS_MMAP] = "mmap", [CELLS_PERCPU] = "percpu" };
	size_t i;
	int err = value__one_of(value, names, ARRAY_SIZE(names), &i, why);

	if (!err)
		l->c->cells = i;
	return err;
}

static int set_memory_limit(struct loader *l, const char *value, char **why)
{
	return value__size(value, &l->c->memory_limit, why);
}

static int set_max_cpu(struct loader *l, const char *value, char **why)
{
	return value__share(value, &l->c->max_cpu, why);
}

static int set_listen_address(struct loader *l, const char *value, char **why)
{
	struct web_config *web = &l->c->web;
	char **slot;
	int err;

	err = value__listen_address(value, why);
	if (err)
		return err;
	slot = array__grow(&web->listen, &web->nlisten, sizeof(*slot));
	*slot = xstrdup(value);
	return 0;
}

static int set_max_requests(struct loader *l, const char *value, char **why)
{
	unsigned long n;
	int err = value__unsigned(value, 0, 100000, &n, why);

	if (!err)
		l->c->web.max_requests = (unsigned)n;
	return err;
}

int option__set(const struct option *o, struct loader *l, const char *value, char **why)
{
	void *setting = (char *)l->c + o->setting;
	size_t i, n = 0;
	int err;

	if (o->set)
		return o->set(l, value, why);
	if (o->is_text) {
		err = o->check ? o->check(value, why) : 0;
		if (!err)
			replace(setting, value);
		return err;
	}
	while (o->one_of[n])
		n++;
	err = value__one_of(value, o->one_of, n, &i, why);
	if (!err)
		*(unsigned *)setting = i;
	return err;
}

static const char *const top_formats[] = { [TOP_TABLE] = "table", [TOP_JSON] = "json", NULL };
static const char *const log_formats[] = { [LOG_LOGFMT] = "logfmt", [LOG_JSON] = "json", NULL };

#define SWITCH(field) .flag = offsetof(struct loader, field)
#define TEXT(field)   .is_text = true, .setting = offsetof(struct config, field)
#define CHOICE(field) .setting = offsetof(struct config, field)

const struct option options[] = {
	{ .name = "help", .letter = 'h', .help = "Show this help.", SWITCH(help) },
	{ .name = "version", .help = "Show the version.", SWITCH(version) },
	{
		.name = "config.file",
		.argument = "FILE",
		.help = "YAML configuration file. PROBE arguments add to it.",
		.set = set_config_file,
	},
	{
		.name = "config.check",
		.help = "Check the configuration and print the plan: probes, mechanisms, memory, "
			"and "
			"what cannot be attached and why. Attaches nothing, needs no root.",
		SWITCH(check),
	},
	{
		.name = "config.strict",
		.help = "Exit if a function cannot be attached. By default, log a warning, report "
			"the function as not attached, and continue.",
		SWITCH(strict),
	},
	{
		.name = "config.watch",
		.help = "Reload when the file of --config.file is changed or replaced.",
		SWITCH(watch),
	},
	{
		.name = "preset",
		.argument = "NAME",
		.repeatable = true,
		.help = "Add a shipped set of probes. May be repeated.",
		.set = set_preset,
	},
	{
		.name = "label",
		.argument = "LABEL",
		.repeatable = true,
		.help = "Count the calls of PROBE arguments by a label: comm, pid, tid, uid, cpu, "
			"cgroup, container_id, pod_uid, caller, caller[2], or NAME=EXPRESSION, as "
			"in "
			"path=str(filename). May be repeated.",
		.set = set_label,
	},
	{
		.name = "filter",
		.argument = "FILTER",
		.repeatable = true,
		.help = "Count only calls of PROBE arguments that match, as in 'outcome == error' "
			"or 'comm == rm'. May be repeated; all must match.",
		.set = set_filter,
	},
	{
		.name = "observe",
		.argument = "NAME=EXPRESSION",
		.repeatable = true,
		.help = "Add a histogram of a number that is passed to PROBE arguments, as in "
			"bytes=count. May be repeated.",
		.set = set_observe,
	},
	{
		.name = "sample",
		.argument = "CONDITION",
		.optional = true,
		.repeatable = true,
		.help = "Keep calls of PROBE arguments one by one, with their stacks: those that "
			"match, as in 'duration > 100ms', or without a condition all, at most 10 "
			"per second and function. May be repeated; all must match.",
		.set = set_sample,
	},
	{
		.name = "probe.list",
		.argument = "GLOB",
		.optional = true,
		.help = "List the functions that can be probed: object, function, kind, signature. "
			"PROBE arguments are further patterns.",
		.set = set_probe_list,
	},
	{
		.name = "mechanism",
		.argument = "NAME",
		.fallback = "auto",
		.help = "How to attach: ",
		.one_of = config_mechanisms,
		.check = value__mechanism,
		TEXT(mechanism),
	},
	{
		.name = "cells",
		.argument = "MODE",
		.fallback = "mmap",
		.help = "Where to keep counters: mmap (memory read without system calls) or percpu "
			"(per-CPU maps read by bpf(2)).",
		.set = set_cells,
	},
	{
		.name = "memory.limit",
		.argument = "SIZE",
		.fallback = "256MiB",
		.help = "Upper limit of counter memory, in KiB, MiB, GiB, KB, MB, GB or bytes.",
		.set = set_memory_limit,
	},
	{
		.name = "max-cpu",
		.argument = "PERCENT",
		.help = "Upper limit of the CPU time that all probes add to calls, in percent of "
			"all CPUs, as in 1%. Beyond it, the most expensive probes are paused.",
		.set = set_max_cpu,
	},
	{
		.name = "web.listen-address",
		.argument = "ADDR",
		.fallback = ":10435",
		.repeatable = true,
		.help = "Address to listen on: host:port, [v6]:port or :port. May be repeated.",
		.set = set_listen_address,
	},
	{
		.name = "web.telemetry-path",
		.argument = "PATH",
		.fallback = "/metrics",
		.help = "Path under which to expose metrics.",
		.check = value__http_path,
		TEXT(web.telemetry_path),
	},
	{
		.name = "web.config.file",
		.argument = "FILE",
		.help = "Web configuration file of Prometheus' exporter-toolkit: TLS, client "
			"certificates, basic authentication, headers, rate limit.",
		TEXT(web.config_file),
	},
	{
		.name = "web.max-requests",
		.argument = "N",
		.fallback = "40",
		.help = "Maximum number of parallel scrapes; further ones get 503. 0: no limit.",
		.set = set_max_requests,
	},
	{
		.name = "web.systemd-socket",
		.help = "Take the listening sockets from systemd.",
		SWITCH(systemd_socket),
	},
	{
		.name = "web.enable-lifecycle",
		.help = "Reload the configuration on POST or PUT to /-/reload.",
		SWITCH(lifecycle),
	},
	{
		.name = "web.openmetrics-created",
		.help = "In OpenMetrics, add a _created series to each counter and histogram: the "
			"time when its probe was attached.",
		SWITCH(openmetrics_created),
	},
	{
		.name = "log.level",
		.argument = "LEVEL",
		.fallback = "info",
		.help = "Log messages of this level and above: ",
		.one_of = log_level_names,
		CHOICE(log_level),
	},
	{
		.name = "log.format",
		.argument = "FORMAT",
		.fallback = "logfmt",
		.help = "Format of the log: ",
		.one_of = log_formats,
		CHOICE(log_format),
	},
	{
		.name = "once",
		.of_top = true,
		.help = "Print one table with histograms after --duration, and exit.",
		SWITCH(once),
	},
	{
		.name = "duration",
		.of_top = true,
		.argument = "DURATION",
		.help = "Exit after this time, as in 10s or 1m30s. Default: 10s with --once, else "
			"until you quit.",
		.set = set_duration,
	},
	{
		.name = "interval",
		.of_top = true,
		.argument = "DURATION",
		.fallback = "1s",
		.help = "Time between two tables.",
		.set = set_interval,
	},
	{
		.name = "sort",
		.of_top = true,
		.argument = "COLUMN",
		.fallback = "time",
		.help = "Sort by: ",
		.one_of = top_column_names,
		CHOICE(top.sort),
	},
	{
		.name = "format",
		.of_top = true,
		.argument = "FORMAT",
		.fallback = "table",
		.help = "Format of --once: ",
		.one_of = top_formats,
		CHOICE(top.format),
	},
	{ .name = NULL },
};
_Static_assert(ARRAY_SIZE(options) <= MAX_OPTIONS, "flags of this many fit");

/* ---- --help ------------------------------------------------------------------------------------
 */

#define HELP_COLUMN 32
#define HELP_WIDTH  80

/* Words of text from HELP_COLUMN on; the cursor stands at column `at`. */
static void print_wrapped(FILE *out, int at, const char *text)
{
	if (at >= HELP_COLUMN - 1) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - at, "");
	at = HELP_COLUMN;
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > HELP_COLUMN && at + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			at = HELP_COLUMN;
		}
		at += fprintf(out, "%s%.*s", at > HELP_COLUMN ? " " : "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct option *o)
{
	__cleanup_free char *name = NULL;
	__cleanup_buf struct buf help = {};
	size_t n = 0;

	buf__printf(&help, "%s", o->help);
	while (o->one_of && o->one_of[n])
		n++;
	if (n) {
		value__list(&help, o->one_of, n);
		buf__printf(&help, ".");
	}
	if (o->letter)
		name = xasprintf("-%c, --%s", o->letter, o->name);
	else if (!o->argument)
		name = xasprintf("    --%s%s",
				 o->flag == offsetof(struct loader, version) ? "" : "[no-]",
				 o->name);
	else if (o->optional)
		name = xasprintf("    --%s[=%s]", o->name, o->argument);
	else if (o->fallback)
		name = xasprintf("    --%s=\"%s\"%s", o->name, o->fallback,
				 o->repeatable ? " ..." : "");
	else
		name = xasprintf("    --%s=%s%s", o->name, o->argument,
				 o->repeatable ? " ..." : "");
	print_wrapped(out, fprintf(out, "  %s", name), buf__str(&help));
}

static void print_options(FILE *out, bool of_top)
{
	for (const struct option *o = options; o->name; o++)
		if (o->of_top == of_top)
			print_option(out, o);
}

void options__print_help(FILE *out)
{
	static const char *const forms[][2] = {
		{ "vfs_read, 'vfs_*'", "kernel functions, built in or in any module" },
		{ "ext4:ext4_sync_file", "a function of that module (vmlinux: built in)" },
		{ "syscall:openat", "a system call" },
		{ "/path/to/elf:malloc", "a function of that program or library" },
		{ "/path/to/elf:usdt:NAME", "a USDT probe of that program or library" },
		{ "/path/to/elf:entry:FUNCTION", "calls of a function when they begin, as events" },
		{ "bash:readline, libc:malloc",
		  "with top: found in PATH or by the dynamic linker" },
		{ "'a|b'", "the first of these that exists" },
		{ "'!vfs_readv'", "exclude this one" },
	};

	fputs("usage: retprobe_exporter [<flags>] [<PROBE> ...]\n"
	      "       retprobe_exporter top [<flags>] [<PROBE> ...]\n\n"
	      "Prometheus metrics for function calls: rates, results and durations.\n"
	      "top shows them in the terminal and serves nothing.\n\n"
	      "Flags:\n",
	      out);
	print_options(out, false);
	fputs("\nFlags of top:\n", out);
	print_options(out, true);
	fputs("\nArgs:\n", out);
	print_wrapped(out, fprintf(out, "  [<PROBE>]"),
		      "Functions to probe. Default: a built-in set. Globs are * ? [ ]; \\ makes "
		      "them literal.");
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		print_wrapped(out, fprintf(out, "    %s", forms[i][0]), forms[i][1]);
}
