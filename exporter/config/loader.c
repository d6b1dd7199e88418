/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/loader.h"

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
	list->settings = bare->settings;
	bare->settings = (struct probe_settings){};
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

void loader__free(struct loader *l)
{
	for (size_t i = 0; i < l->npresets; i++)
		free(l->presets[i].name);
	free(l->presets);
	probe_list__free(&l->probes);
	probe_list__free(&l->defaults);
	free(l->file);
	config__free(l->c);
}
