/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a configuration comes together: the command line first (config/flags.c), which names the file
 * (config/file.c) and presets, which the file may add to. Every list of probes keeps what was
 * written for it; `defaults` of the file then fill what a list left open, wherever it came from. So
 * a probe's own key beats `defaults`, and that beats --mechanism.
 */
#include "config/internal.h"
#include "base/suggest.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#define DEFAULT_SCHEMA	     2
#define DEFAULT_SIZE_BUCKETS 16 /* powers of 4 */

/* 1, 2.5, 5 of each power of ten from 100 ns on, written out: computed ones would not be the
 * doubles that "2.5e-07" means. */
static const double default_buckets[] = {
	1e-7,	2.5e-7, 5e-7, 1e-6,   2.5e-6, 5e-6, 1e-5,   2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3,
	2.5e-3, 5e-3,	1e-2, 2.5e-2, 5e-2,   1e-1, 2.5e-1, 5e-1,   1,	  2.5,	5,	10,
};

/* ---- errors ---------------------------------------------------------------------------------- */

static char *format(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		return xstrdup("out of memory");
	return s;
}

int config__refuse(char **why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*why = format(fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int config__fail(char **error, const struct source_pos *pos, const char *fmt, ...)
{
	__cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	*error = xasprintf("%s: %s", source_pos__str(pos), text);
	/* A quoted key or path may hold anything, and an error is one line. */
	for (char *s = *error; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	}
	return -EINVAL;
}

const char *source_pos__str(const struct source_pos *pos)
{
	static _Thread_local char text[PATH_MAX + 32];

	if (pos->line)
		snprintf(text, sizeof(text), "%s:%d:%d", pos->file, pos->line, pos->column);
	else if (pos->argument)
		snprintf(text, sizeof(text), "argument %d", pos->argument);
	else
		snprintf(text, sizeof(text), "%s", pos->file);
	return text;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void free_list(struct probe_list *list)
{
	for (size_t i = 0; i < list->npatterns; i++)
		pattern__free(&list->patterns[i]);
	free(list->patterns);
	free(list->module);
	probe_settings__free(&list->settings);
}

struct probe_list *loader__add_list(struct loader *l, const struct source_pos *pos, bool builtin)
{
	struct probe_list *list = array__grow(&l->c->lists, &l->c->nlists, sizeof(*list));

	list->pos = *pos;
	list->builtin = builtin;
	return list;
}

void loader__take_list(struct loader *l, struct probe_list *bare, bool builtin)
{
	struct probe_list *list;

	if (!bare->npatterns)
		return;
	list = loader__add_list(l, &bare->patterns[0].pos, builtin);
	list->bare = !builtin;
	list->patterns = take_ptr(bare->patterns);
	list->npatterns = bare->npatterns;
	bare->npatterns = 0;
}

bool probe_list__only_excludes(const struct probe_list *list)
{
	for (size_t i = 0; i < list->npatterns; i++) {
		if (!list->patterns[i].exclude)
			return false;
	}
	return true;
}

/* Bare exclusions need a preset, or something in their own list. */
static int check_exclusions(const struct loader *l, char **error)
{
	const struct config *c = l->c;

	for (size_t i = 0; i < c->nlists && !l->npresets; i++) {
		const struct probe_list *list = &c->lists[i];

		if (list->bare && probe_list__only_excludes(list))
			return config__fail(error, &list->patterns[0].pos,
					    "\"%.200s\" excludes, but there is nothing to exclude "
					    "it from; add a PROBE, or a preset as in "
					    "--preset=default",
					    list->patterns[0].text);
	}
	return 0;
}

void loader__add_glob(struct loader *l, const char *glob)
{
	char **slot = array__grow(&l->c->list_globs, &l->c->nlist_globs, sizeof(*slot));

	*slot = xstrdup(glob);
}

void loader__add_preset(struct loader *l, const char *name, const struct source_pos *pos)
{
	struct preset_ref *ref = array__grow(&l->presets, &l->npresets, sizeof(*ref));

	ref->name = xstrdup(name);
	ref->pos = *pos;
}

const char *loader__keep_file(struct loader *l, const char *file)
{
	char **slot = array__grow(&l->c->files, &l->c->nfiles, sizeof(*slot));

	*slot = xstrdup(file);
	return *slot;
}

static void fill_settings(struct config *c, const struct probe_settings *defaults)
{
	for (size_t i = 0; i < c->nlists; i++)
		probe_settings__fill(&c->lists[i].settings, defaults);
}

/* ---- files and presets ----------------------------------------------------------------------- */

static const char *advice(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
		return "check the path";
	case EACCES:
	case EPERM:
		return "let this user read it";
	case EISDIR:
		return "name a file in it";
	case EINVAL:
		return "it is neither a file nor a pipe";
	case ETIMEDOUT:
		return "nobody writes to that pipe";
	case EFBIG:
		return "4 MiB are allowed; use globs or split it";
	default:
		return "check the file";
	}
}

static int load_file(struct loader *l, char **error)
{
	const char *file = loader__keep_file(l, l->file);
	__cleanup_free char *text = NULL;
	size_t len = 0;
	int err;

	err = config_source__read(file, TREE_MAX_BYTES, &text, &len);
	if (err)
		return config__fail(error, &l->file_pos,
				    "--config.file: cannot read %.1000s: %s; %s", file,
				    strerror(-err), advice(-err));
	return yaml__load(l, file, text, len, false, error);
}

static int unknown_preset(const struct preset_ref *ref, char **error)
{
	__cleanup_free const char **names = NULL;
	__cleanup_free char *hint = NULL, *list = xstrdup("");
	size_t n = 0;

	for (const struct preset *p = presets; p->name; p++) {
		char *longer = xasprintf("%s%s%s", list, n ? ", " : "", p->name);

		free(list);
		list = longer;
		*(const char **)array__grow(&names, &n, sizeof(*names)) = p->name;
	}
	hint = strchr(ref->name, ',') ? xstrdup("; name one preset at a time")
				      : suggest__hint(ref->name, names, n);
	return config__fail(error, &ref->pos, "unknown preset \"%.80s\"%s (there are: %s)",
			    ref->name, hint, list);
}

static int load_preset(struct loader *l, const struct preset_ref *ref, char **error)
{
	const struct preset *preset = presets;
	__cleanup_free char *file = NULL;

	while (preset->name && strcmp(preset->name, ref->name))
		preset++;
	if (!preset->name)
		return unknown_preset(ref, error);
	file = xasprintf("preset:%s", preset->name);
	return yaml__load(l, loader__keep_file(l, file), preset->yaml, strlen(preset->yaml), true,
			  error);
}

static int load_presets(struct loader *l, char **error)
{
	for (size_t i = 0; i < l->npresets; i++) {
		bool again = false;
		int err;

		for (size_t k = 0; k < i && !again; k++)
			again = !strcmp(l->presets[k].name, l->presets[i].name);
		if (again)
			continue;
		err = load_preset(l, &l->presets[i], error);
		if (err)
			return err;
	}
	return 0;
}

int config__add_default_set(struct config *c, bool kernel_probes, char **error)
{
	struct loader l = { .c = c };
	struct preset_ref ref = {
		.name = kernel_probes ? "default" : "default-syscalls",
		.pos = { .file = COMMAND_LINE },
	};
	int err;

	err = load_preset(&l, &ref, error);
	if (err)
		return err;
	fill_settings(c, &(struct probe_settings){});
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static struct config *new_config(void)
{
	struct config *c = xcalloc(1, sizeof(*c));

	c->refs = 1;
	c->native_schema = DEFAULT_SCHEMA;
	for (size_t i = 0; i < ARRAY_SIZE(default_buckets); i++)
		*(double *)array__grow(&c->buckets, &c->nbuckets, sizeof(double)) =
			default_buckets[i];
	for (unsigned i = 0; i < DEFAULT_SIZE_BUCKETS; i++)
		*(double *)array__grow(&c->size_buckets, &c->nsize_buckets, sizeof(double)) =
			(double)(1ULL << (2 * i));
	return c;
}

static void loader__free(struct loader *l)
{
	for (size_t i = 0; i < l->npresets; i++)
		free(l->presets[i].name);
	free(l->presets);
	free_list(&l->probes);
	free_list(&l->defaults);
	free(l->file);
	config__free(l->c);
}

static int load_sources(struct loader *l, char **error)
{
	struct config *c = l->c;
	int err;

	loader__take_list(l, &l->probes, false);
	if (l->file) {
		err = load_file(l, error);
		if (err)
			return err;
	}
	err = check_exclusions(l, error);
	if (err)
		return err;
	err = load_presets(l, error);
	if (err)
		return err;
	fill_settings(c, &l->defaults.settings);

	if (l->file && !c->nlists && c->action != ACTION_LIST)
		return config__fail(
			error, &(struct source_pos){ .file = l->file },
			"nothing to probe; add probes: or presets: to the file, or name "
			"functions on the command line");
	c->is_default_set = !l->file && !c->nlists;
	return 0;
}

int config__parse(int argc, char *const argv[], struct config **out, char **error)
{
	struct loader l = { .c = new_config() };
	int err;

	err = flags__parse(&l, argc, argv, error);
	if (!err && l.c->action != ACTION_HELP && l.c->action != ACTION_VERSION)
		err = load_sources(&l, error);
	if (!err)
		*out = take_ptr(l.c);
	loader__free(&l);
	return err;
}

static bool same_bounds(const double *a, size_t na, const double *b, size_t nb)
{
	return na == nb && (!na || !memcmp(a, b, na * sizeof(*a)));
}

bool config__same_cells(const struct config *a, const struct config *b)
{
	return a->cells == b->cells && a->native_schema == b->native_schema &&
	       same_bounds(a->buckets, a->nbuckets, b->buckets, b->nbuckets) &&
	       same_bounds(a->size_buckets, a->nsize_buckets, b->size_buckets, b->nsize_buckets);
}

static bool same_pattern(const struct pattern *a, const struct pattern *b)
{
	return a->type == b->type && a->exclude == b->exclude && !strcmp(a->text, b->text) &&
	       !strcmp(a->object ? a->object : "", b->object ? b->object : "");
}

static bool same_list(const struct probe_list *a, const struct probe_list *b)
{
	for (size_t i = 0; i < a->npatterns && a->npatterns == b->npatterns; i++)
		if (!same_pattern(&a->patterns[i], &b->patterns[i]))
			return false;
	return a->npatterns == b->npatterns && a->builtin == b->builtin && a->bare == b->bare &&
	       a->settings.max_rate == b->settings.max_rate &&
	       a->settings.has_max_rate == b->settings.has_max_rate &&
	       probe_settings__same(&a->settings, &b->settings);
}

bool config__same(const struct config *a, const struct config *b)
{
	for (size_t i = 0; i < a->nlists && a->nlists == b->nlists; i++)
		if (!same_list(&a->lists[i], &b->lists[i]))
			return false;
	return a->nlists == b->nlists && config__same_cells(a, b);
}

struct config *config__ref(struct config *c)
{
	c->refs++;
	return c;
}

void config__free(struct config *c)
{
	if (!c || --c->refs > 0)
		return;
	for (size_t i = 0; i < c->nlists; i++)
		free_list(&c->lists[i]);
	free(c->lists);
	for (size_t i = 0; i < c->web.nlisten; i++)
		free(c->web.listen[i]);
	free(c->web.listen);
	free(c->web.telemetry_path);
	free(c->web.config_file);
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->files);
	free(c->buckets);
	free(c->size_buckets);
	free(c->mechanism);
	for (size_t i = 0; i < c->nlist_globs; i++)
		free(c->list_globs[i]);
	free(c->list_globs);
	free(c);
}
