/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/probe_list.h"

bool probe_list__only_excludes(const struct probe_list *list)
{
	for (size_t i = 0; i < list->npatterns; i++) {
		if (!list->patterns[i].exclude)
			return false;
	}
	return true;
}

bool probe_list__same(const struct probe_list *a, const struct probe_list *b)
{
	for (size_t i = 0; i < a->npatterns && a->npatterns == b->npatterns; i++)
		if (!pattern__same(&a->patterns[i], &b->patterns[i]))
			return false;
	if (!a->select != !b->select || (a->select && !selection__same(a->select, b->select)))
		return false;
	return a->npatterns == b->npatterns && a->builtin == b->builtin && a->bare == b->bare &&
	       probe_settings__same_limits(&a->settings, &b->settings) &&
	       probe_settings__same(&a->settings, &b->settings) &&
	       probe_notes__same(&a->settings.notes, &b->settings.notes);
}

void probe_list__free(struct probe_list *list)
{
	for (size_t i = 0; i < list->npatterns; i++)
		pattern__free(&list->patterns[i]);
	free(list->patterns);
	free(list->module);
	if (list->select)
		selection__free(list->select);
	free(list->select);
	probe_settings__free(&list->settings);
}
