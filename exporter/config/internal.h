/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the configuration share among themselves; nobody else includes this. */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "base/buf.h"
#include "config/config.h"
#include "yaml/tree.h"

#define COMMAND_LINE "command line" /* source_pos.file of PROBE arguments and flags */

/* ---- config/pattern.c: the PROBE grammar. -EINVAL and *why, to be freed, without a position. ----
 */

int pattern__parse(const char *text, struct pattern *out, char **why);
/* One whose object is known from where it is written; its text has no OBJECT part. */
int pattern__parse_in(enum object_type type, const char *object, const char *text,
		      struct pattern *out, char **why);
/* Makes a kernel function one of that module, wherever a kernel has the module: OBJECT_MODULE. */
int pattern__set_module(struct pattern *p, const char *module, char **why);
void pattern__free(struct pattern *p);

/* ---- config/config.c: a configuration in the making ---- */

struct preset_ref {
	char *name;
	struct source_pos pos;
};

struct loader {
	struct config *c;
	struct probe_list defaults; /* its settings: NULL and 0 where none were given */
	char *file;		    /* --config.file */
	struct source_pos file_pos; /* of that flag */
	struct preset_ref *presets; /* asked for, in order, repetitions included */
	size_t npresets;
	struct probe_list probes; /* PROBE arguments */
	bool help, version, check, strict, list, systemd_socket, lifecycle, openmetrics_created;
	struct source_pos flag_pos; /* of the flag being parsed */
};

void loader__add_glob(struct loader *l, const char *glob); /* to list */
void loader__add_preset(struct loader *l, const char *name, const struct source_pos *pos);
/* A copy that lives as long as the config. */
const char *loader__keep_file(struct loader *l, const char *file);
struct probe_list *loader__add_list(struct loader *l, const struct source_pos *pos, bool builtin);
/* Adds the patterns of a list without settings; they are taken. */
void loader__take_list(struct loader *l, struct probe_list *bare, bool builtin);
/* Whether all that the list names is what to exclude. */
bool probe_list__only_excludes(const struct probe_list *list);

/* ---- config/flags.c: the command line, files not yet read ---- */

/* ->c->action is ACTION_HELP or ACTION_VERSION if such a flag ended the parsing. */
int flags__parse(struct loader *l, int argc, char *const argv[], char **error);

/* ---- config/options.c: what options there are ---- */

struct option {
	const char *name;
	char letter;
	const char *argument; /* what --help calls it; NULL: a switch, which has --no-NAME too */
	const char *fallback;
	bool repeatable;
	bool optional; /* the argument is: it is taken by '=' only */
	const char *help;
	const char *const *one_of; /* values that --help lists behind that, ends with NULL */
	int (*set)(struct loader *l, const char *value, char **why);
	size_t flag; /* of a switch: offset of its bool in struct loader */
};

#define MAX_OPTIONS 32
extern const struct option options[]; /* ends with a NULL name */

/* ---- config/values.c: the text of a value -> the value; -EINVAL and *why like patterns ---- */

int value__size(const char *text, uint64_t *out, char **why);
/* "1h30m" -> seconds, 1 at the least */
int value__duration(const char *text, double *out, char **why);
int value__listen_address(const char *text, char **why);
int value__http_path(const char *text, char **why);
int value__mechanism(const char *text, char **why);
/* "a, b or c" */
void value__list(struct buf *out, const char *const *names, size_t n);

/* ---- config/source.c ---- */

/* All of a file or a pipe, and a NUL behind it; to be freed. 0; -EFBIG: it is longer than max
 * bytes; -ETIMEDOUT: a pipe that nobody writes to; -EINVAL: it is neither; or another negative
 * errno. */
int config_source__read(const char *path, size_t max, char **out, size_t *len);

/* ---- config/file.c: the schema ---- */

/* A configuration file's text, or a preset's, which may have `probes:` only. */
int yaml__load(struct loader *l, const char *file, const char *text, size_t len, bool preset,
	       char **error);

/* Where a key of a configuration file belongs: "in histograms:"; NULL: there is no such key. */
const char *config_key__home(const char *key);

/* ---- config/probe.c: `probes:` and `defaults:` ---- */

int probe__bind_all(struct binder *b, const struct tree_node *list, void *target);
/* "in a probe, under probes:", for a key of one; NULL: it is none. */
const char *probe__home_of(const char *key);
int probe__bind_defaults(struct binder *b, const struct tree_node *map, void *target);

/* ---- config/targets.c: keys of a probe that say what to probe; target is its probe_list ---- */

/* The PROBE that node has in it. */
int probe__add(struct binder *b, const struct tree_node *node, struct probe_list *list);
int targets__bind_functions(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_syscalls(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_module(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_user(struct binder *b, const struct tree_node *node, void *target);
/* Of a probe whose keys are all known: `module` may stand before `functions` or behind it. */
int targets__apply_module(struct binder *b, struct probe_list *list);

/* ---- config/expressions.c: likewise, keys with expressions ---- */

int expressions__bind_labels(struct binder *b, const struct tree_node *list, void *target);
int expressions__bind_filter(struct binder *b, const struct tree_node *list, void *target);
int expressions__bind_observe(struct binder *b, const struct tree_node *map, void *target);

/* ---- config/settings.c: what a probe has besides its targets ---- */

/* Every key of `defaults` that s does not have itself. */
void probe_settings__fill(struct probe_settings *s, const struct probe_settings *defaults);
void probe_settings__free(struct probe_settings *s); /* what is in it */

#endif /* CONFIG_INTERNAL_H */
