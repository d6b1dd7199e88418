/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a configuration comes together: first the command line (config/flags.c), which names the file
 * (config/file.c) and presets; the file may add presets. Every list of probes keeps its own
 * settings. `defaults` of the file then fill the gaps of all lists. So a probe's own key has
 * precedence over `defaults`, and `defaults` over --mechanism.
 */
#include "config/parse.h"

#include <errno.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "config/config_watch.h"
#include "config/file.h"
#include "config/flags.h"
#include "config/presets.h"
#include "config/source.h"
#include "yaml/tree.h"

/* A list of exclusions only, outside a probe, needs a preset. */
static int check_exclusions(const struct loader *l, char **error)
{
	const struct config *c = l->c;

	for (size_t i = 0; i < c->nlists && !l->npresets; i++) {
		const struct probe_list *list = &c->lists[i];

		if (list->bare && probe_list__only_excludes(list))
			return source_pos__fail(
				error, &list->patterns[0].pos,
				"\"%.200s\" excludes, but there is nothing to exclude "
				"it from; add a PROBE, or a preset as in "
				"--preset=default",
				list->patterns[0].text);
	}
	return 0;
}

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
		return "no process writes to that pipe";
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

	if (l->watch)
		l->c->watch = config_watch__new(file);
	err = config_source__read(file, TREE_MAX_BYTES, &text, &len);
	if (err)
		return source_pos__fail(error, &l->file_pos,
					"--config.file: cannot read %.1000s: %s; %s", file,
					strerror(-err), advice(-err));
	return config_file__load(l, file, text, len, false, error);
}

static int unknown_preset(const struct preset_ref *ref, char **error)
{
	__cleanup_free const char **names = NULL;
	__cleanup_buf struct buf list = {};
	__cleanup_free char *hint = NULL;
	size_t n = 0;

	for (const struct preset *p = presets; p->name; p++) {
		buf__printf(&list, "%s%s", n ? ", " : "", p->name);
		*(const char **)array__grow(&names, &n, sizeof(*names)) = p->name;
	}
	hint = strchr(ref->name, ',') ? xstrdup("; name one preset at a time")
				      : suggest__hint(ref->name, names, n);
	return source_pos__fail(error, &ref->pos, "unknown preset \"%.80s\"%s (there are: %s)",
				ref->name, hint, buf__str(&list));
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
	return config_file__load(l, loader__keep_file(l, file), preset->yaml, strlen(preset->yaml),
				 true, error);
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

/* The bounds of all probes share one layout. */
static int check_buckets(const struct config *c, char **error)
{
	for (size_t i = 0; i < c->nlists; i++) {
		const struct probe_settings *s = &c->lists[i].settings;
		struct histogram_layout *layout;
		__cleanup_free char *why = NULL;

		if (!s->buckets.n)
			continue;
		if (config__layout(c, i + 1, &layout, &why))
			return source_pos__fail(error, &s->buckets.pos, "buckets: %s", why);
		histogram_layout__free(layout);
	}
	return 0;
}

static void fill_settings(struct config *c, const struct probe_settings *defaults)
{
	for (size_t i = 0; i < c->nlists; i++)
		probe_settings__fill(&c->lists[i].settings, defaults);
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

static int load_sources(struct loader *l, char **error)
{
	struct config *c = l->c;
	int err = 0;

	loader__take_list(l, &l->probes, false);
	if (l->file)
		err = load_file(l, error);
	if (!err)
		err = check_exclusions(l, error);
	if (!err)
		err = load_presets(l, error);
	if (err)
		return err;
	fill_settings(c, &l->defaults.settings);
	err = check_buckets(c, error);
	if (err)
		return err;

	if (l->file && !c->nlists && c->action != ACTION_LIST)
		return source_pos__fail(
			error, &(struct source_pos){ .file = l->file },
			"nothing to probe; add probes: or presets: to the file, or name "
			"functions on the command line");
	c->is_default_set = !l->file && !c->nlists;
	return 0;
}

int config__parse(int argc, char *const argv[], struct config **out, char **error)
{
	struct loader l = { .c = config__new() };
	int err;

	err = flags__parse(&l, argc, argv, error);
	if (!err && l.c->action != ACTION_HELP && l.c->action != ACTION_VERSION)
		err = load_sources(&l, error);
	if (!err)
		*out = take_ptr(l.c);
	loader__free(&l);
	return err;
}
