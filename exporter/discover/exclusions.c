/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/exclusions.h"

#include "base/log.h"
#include "base/suggest.h"

static bool is_kernel(const struct pattern *p)
{
	return p->type == OBJECT_ANY || p->type == OBJECT_KERNEL || p->type == OBJECT_MODULE;
}

static bool same_kind_of_object(const struct pattern *exclusion, const struct pattern *p,
				const char *object)
{
	if (exclusion->at_entry != p->at_entry)
		return false;
	switch (exclusion->type) {
	case OBJECT_ANY:
	case OBJECT_MODULE: /* all patterns of its list have this type */
		return is_kernel(p);
	case OBJECT_KERNEL:
		return is_kernel(p) && !strcmp(exclusion->object, object);
	case OBJECT_SYSCALL:
	case OBJECT_TRACEPOINT:
	case OBJECT_RAW_TRACEPOINT:
		return p->type == exclusion->type;
	case OBJECT_SPAN:
		return false;
	case OBJECT_USER:
	case OBJECT_USDT:
	case OBJECT_ENTRY:
		return p->type == exclusion->type && !strcmp(exclusion->object, object);
	}
	return false;
}

/* "ns::f" of "ns::f(int)" */
static bool is_overload(const struct pattern *p, const char *function, const char *name)
{
	size_t len = strlen(name);

	return (p->type == OBJECT_USER || p->type == OBJECT_ENTRY) &&
	       !strncmp(function, name, len) && function[len] == '(';
}

/* `f` includes its only clone, so `!f` excludes it. */
static bool names(const struct pattern *p, const char *function)
{
	if (pattern__matches(p, function))
		return true;
	for (size_t i = 0; i < p->nfunctions && !p->glob; i++) {
		if (request__is_clone(function, p->functions[i]) ||
		    is_overload(p, function, p->functions[i]))
			return true;
	}
	return false;
}

static bool is_used(const struct exclusions *e, const struct pattern *exclusion)
{
	for (size_t i = 0; i < e->nused; i++)
		if (e->used[i] == exclusion)
			return true;
	return false;
}

static bool excludes(struct exclusions *e, const struct probe_list *list, const struct pattern *of,
		     const char *object, const char *function)
{
	for (size_t i = 0; i < list->npatterns; i++) {
		const struct pattern *p = &list->patterns[i];

		if (!p->exclude || !same_kind_of_object(p, of, object) || !names(p, function))
			continue;
		if (!is_used(e, p))
			*(const struct pattern **)array__grow(&e->used, &e->nused,
							      sizeof(*e->used)) = p;
		return true;
	}
	return false;
}

bool exclusions__match(struct exclusions *e, const struct request *r, const char *object,
		       const char *function)
{
	if (excludes(e, r->list, r->pattern, object, function))
		return true;
	for (size_t i = 0; r->list->builtin && i < e->config->nlists; i++)
		if (e->config->lists[i].bare &&
		    excludes(e, &e->config->lists[i], r->pattern, object, function))
			return true;
	return false;
}

/* The PROBE of a preset that is closest to an unused exclusion: "!openat" may mean
 * "!syscall:openat". */
static char *hint_for_exclusion(const struct config *c, const struct pattern *exclusion)
{
	__cleanup_free const char **names = NULL, **texts = NULL;
	const char *nearest;
	size_t n = 0, ntexts = 0;

	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0; k < c->lists[i].npatterns && c->lists[i].builtin; k++) {
			const struct pattern *p = &c->lists[i].patterns[k];

			*(const char **)array__grow(&names, &n, sizeof(*names)) = p->functions[0];
			*(const char **)array__grow(&texts, &ntexts, sizeof(*texts)) = p->text;
		}
	if (!suggest__nearest(exclusion->functions[0], names, n, &nearest, 1))
		return xstrdup("");
	for (n = 0; names[n] != nearest;)
		n++;
	return xasprintf("; did you mean !%s?", texts[n]);
}

/* A preset that goes on probing what the user has excluded is not what the user asked for. */
void exclusions__warn_unused(const struct exclusions *e)
{
	const struct config *c = e->config;

	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0; k < c->lists[i].npatterns && c->lists[i].bare; k++) {
			const struct pattern *p = &c->lists[i].patterns[k];
			__cleanup_free char *hint = NULL;

			if (!p->exclude || is_used(e, p))
				continue;
			hint = hint_for_exclusion(c, p);
			log_warn("%s: \"%s\" excludes nothing%s", source_pos__str(&p->pos), p->text,
				 hint);
		}
}

void exclusions__free(struct exclusions *e)
{
	free(take_ptr(e->used));
	e->nused = 0;
}
