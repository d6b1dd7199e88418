/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/span_settings.h"

const char *const span_role_names[SPAN_ROLES] = {
	[SPAN_BEGIN] = "begin",
	[SPAN_END] = "end",
	[SPAN_CANCEL] = "cancel",
};

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_point(const struct span_point *a, const struct span_point *b)
{
	return a->role == b->role && a->kind == b->kind && same_text(a->event, b->event) &&
	       expression__same_all(a->key, a->nkey, b->key, b->nkey) &&
	       expression__same_all(a->filters, a->nfilters, b->filters, b->nfilters);
}

/* A quarter of max_running, as a power of two. The hash has the rest of max_running: so few spans
 * have slots that the hash is not full much before max_running is reached. */
#define SLOTS_FROM    1000 /* max_running; below, the limit is exact */
#define SLOT_BITS_MAX 12   /* each scrape looks through the slots */

uint32_t span_settings__slot_bits(const struct span_settings *s)
{
	uint32_t bits = 0;

	while (s->max_running >= SLOTS_FROM && bits < SLOT_BITS_MAX && 8U << bits <= s->max_running)
		bits++;
	return bits;
}

bool span_settings__same(const struct span_settings *a, const struct span_settings *b)
{
	if (!a || !b)
		return a == b;
	for (size_t i = 0; i < a->npoints && a->npoints == b->npoints; i++)
		if (!same_point(&a->points[i], &b->points[i]))
			return false;
	return a->npoints == b->npoints && same_text(a->outcome.text, b->outcome.text) &&
	       a->labels_at == b->labels_at && a->max_running == b->max_running;
}

void span_settings__free(struct span_settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->npoints; i++) {
		expression__free_all(s->points[i].key, s->points[i].nkey);
		expression__free_all(s->points[i].filters, s->points[i].nfilters);
		free(s->points[i].event);
		free(s->points[i].object);
		free(s->points[i].function);
	}
	free(s->points);
	free(s->outcome.text);
	free(s);
}
