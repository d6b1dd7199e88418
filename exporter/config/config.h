/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy: command line and YAML -> one const struct. Nothing else in the exporter sees argv or a
 * configuration file, and nothing in here looks at the machine.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "bpf/abi.h"
#include "base/log.h"
#include "types/returns.h"
#include "base/util.h"

/* Where a setting was written: "config.yaml:12:5", "preset:vfs:3:7", "argument 2". */
struct source_pos {
	const char *file; /* owned by the config; a path, "preset:NAME" or "command line" */
	int line, column; /* 0 for the command line: then `argument` counts from 1 */
	int argument;
};

enum object_type {
	OBJECT_ANY,	/* a kernel function, built in or in any module */
	OBJECT_KERNEL,	/* of this module, or "vmlinux" */
	OBJECT_MODULE,	/* of this module, or built in where the module is */
	OBJECT_SYSCALL, /* by name without any prefix */
	OBJECT_USER,	/* of an ELF file */
};

/* One PROBE argument, or one entry of a YAML list. */
struct pattern {
	enum object_type type;
	char *object;	  /* module name or path; NULL for OBJECT_ANY and OBJECT_SYSCALL */
	char *text;	  /* in PROBE notation, for messages */
	char **functions; /* alternatives of `a|b`, in order; one glob or name otherwise */
	size_t nfunctions;
	bool glob;    /* functions[0] has unescaped * ? [ ]; else names are literal,
		       * their escapes already removed */
	bool exclude; /* `!` */
	struct source_pos pos;
};

/* A label, a filter or an observed value: an expression, not yet understood. */
struct expression {
	char *name; /* of the label or the observed value; NULL for filters */
	char *text; /* for a named label (comm, pid, cgroup, ...) the same as its name */
	struct source_pos pos;
};

#define MAX_SERIES_DEFAULT 500

/* Everything of a probe but its targets. Keys come with the features that they belong to. */
struct probe_settings {
	char *mechanism;    /* NULL: what --mechanism says */
	uint32_t maxactive; /* return slots of a legacy kretprobe */
	enum returns returns;
	const struct c_type *c_type;   /* that `returns` names; NULL: none */
	struct source_pos returns_pos; /* of the value of `returns` */
	struct expression error;       /* as in "< 0"; text NULL: not given, "none": none */
	struct expression *labels, *filters, *observed;
	size_t nlabels, nfilters, nobserved;
	uint32_t max_series; /* label sets kept, or distinct values; 0: not given */
	double series_ttl;   /* seconds after which an idle label set is folded away; 0: never */
	bool has_max_rate;   /* the user has given one */
	uint64_t max_rate;   /* calls per second; more, and the probe is detached; 0: no limit */
};

/* Would the two do the same to a target, but for how much of it they stand (max_rate)? */
bool probe_settings__same(const struct probe_settings *a, const struct probe_settings *b);

/* The command line, the bare strings of a `probes:` or `presets:`, or one other element of
 * `probes:`. `!` patterns apply within it. */
struct probe_list {
	struct pattern *patterns;
	size_t npatterns;
	char *module; /* as `module:` names it; NULL: none. The patterns have it, too */
	struct probe_settings settings;
	struct source_pos pos;
	bool builtin; /* from a preset: functions missing here are no mistake of the user's, and
		       * what the user writes about a function comes first */
	bool bare;    /* PROBEs without settings: their exclusions apply to presets, too */
};

enum config_action { ACTION_RUN, ACTION_CHECK, ACTION_LIST, ACTION_HELP, ACTION_VERSION };
enum cells_mode { CELLS_MMAP, CELLS_PERCPU };

struct web_config {
	char **listen; /* host:port, [v6]:port, :port; at least one */
	size_t nlisten;
	char *telemetry_path;
	char *config_file;     /* NULL: no TLS, no authentication */
	unsigned max_requests; /* 0: no limit */
	bool systemd_socket;   /* the listening sockets come from systemd, listen[] is not used */
	bool lifecycle;	       /* /-/reload is allowed */
	bool openmetrics_created; /* `_created` series in OpenMetrics */
};

struct config {
	int refs; /* config__ref(), config__free() */
	enum config_action action;
	char **list_globs; /* ACTION_LIST; none: all */
	size_t nlist_globs;
	bool strict;
	bool is_default_set; /* neither PROBE nor file nor preset was given */
	char *mechanism;     /* "auto" or the name of a rung */
	enum cells_mode cells;
	uint64_t memory_limit; /* bytes */

	double *buckets; /* classic bounds, seconds, ascending */
	size_t nbuckets;
	int native_schema;    /* 0..3, or -1: off */
	double *size_buckets; /* classic bounds of sizes and observed values, integers, ascending */
	size_t nsize_buckets;

	struct probe_list *lists;
	size_t nlists;

	struct web_config web;
	enum log_level log_level;
	enum log_format log_format;

	char **files; /* owns what source_pos.file points to */
	size_t nfiles;
};

/*
 * Parses the command line and the files that it names. Returns 0 and *out (config__free), or
 * -EINVAL and *error: one line, without a newline, that says what, where and what to do next; to be
 * freed.
 */
int config__parse(int argc, char *const argv[], struct config **out, char **error);
struct config *config__ref(struct config *c);
void config__free(struct config *c); /* the last reference frees it; NULL is fine */
/* Do the two ask for the same probes, in the same way? */
bool config__same(const struct config *a, const struct config *b);
/* Do the two lay out cells and histograms alike? */
bool config__same_cells(const struct config *a, const struct config *b);

/* The built-in default set comes in two shapes (presets "default" and "default-syscalls"), and
 * which one serves is known only once the kernel has been asked: this adds it to a config that has
 * is_default_set. Same returns as config__parse. */
int config__add_default_set(struct config *c, bool kernel_probes, char **error);

void config__print_help(FILE *f);

/* The ':' behind the OBJECT of a PROBE, or NULL; *is_path: OBJECT is the path of an ELF file. */
const char *pattern__separator(const char *text, bool *is_path);
/* Whether a function's name is one that the pattern names; `!` and the object are not looked at. */
bool pattern__matches(const struct pattern *p, const char *name);

/* What --mechanism and `mechanism:` may say; ends with NULL. */
extern const char *const config_mechanisms[];

/* "config.yaml:12:5" in a static buffer of the calling thread. */
const char *source_pos__str(const struct source_pos *pos);

/* The shipped presets, embedded at build time; ends with a NULL name. Defined in build/presets.c.
 */
struct preset {
	const char *name, *yaml;
};
extern const struct preset presets[];

#endif /* CONFIG_CONFIG_H */
