/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/event.h"

#include "discover/events.h"

static int claim(struct discovery *d, const struct request *r, const char *name)
{
	struct target *t = target__new(TARGET_EVENT, EVENT_OBJECT, name);

	t->kind = RP_KIND_VOID;
	t->signature = events__signature(d->sources.env, name);
	return claims__add(&d->claims, r, t);
}

static char *why_not_found(const struct request *r, const struct events *e)
{
	__cleanup_free char *names = request__in_words(r->pattern);

	if (e->text && r->pattern->glob)
		return xasprintf("no tracepoint matches %s", names);
	return events__missing(e, r->pattern->nfunctions > 1 ? names : r->pattern->functions[0]);
}

static int resolve_exact(struct discovery *d, const struct request *r, const struct events *e)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = NULL;

	for (size_t i = 0; i < p->nfunctions; i++)
		if (events__have(e, p->functions[i]))
			return exclusions__match(&d->exclusions, r, EVENT_OBJECT, p->functions[i])
				       ? 0
				       : claim(d, r, p->functions[i]);
	written = request__written(p);
	return claims__add_failed(&d->claims, r, target__new(TARGET_EVENT, EVENT_OBJECT, written),
				  REASON_NOT_FOUND, why_not_found(r, e));
}

static int resolve_glob(struct discovery *d, const struct request *r, const struct events *e)
{
	struct glob_counts counts = {};

	for (size_t i = 0; i < e->n; i++) {
		int err;

		if (!pattern__matches(r->pattern, e->names[i]))
			continue;
		if (exclusions__match(&d->exclusions, r, EVENT_OBJECT, e->names[i])) {
			counts.excluded++;
			continue;
		}
		err = claim(d, r, e->names[i]);
		if (err)
			return err;
		counts.taken++;
	}
	return discovery__finish_glob(
		d, r, target__new(TARGET_EVENT, EVENT_OBJECT, r->pattern->functions[0]), &counts,
		REASON_NOT_FOUND, counts.taken ? NULL : why_not_found(r, e));
}

int event__resolve(struct discovery *d, const struct request *r)
{
	struct events e;
	int err;

	events__read(d->sources.env, &e);
	err = r->pattern->glob ? resolve_glob(d, r, &e) : resolve_exact(d, r, &e);
	events__free(&e);
	return err;
}
