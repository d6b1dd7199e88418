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

static char *why_missing(struct discovery *d, const struct request *r, const struct events *e,
			 enum target_reason *reason)
{
	__cleanup_free char *names = request__in_words(r->pattern);

	return events__missing(&d->sources, e, names, reason);
}

static int resolve_exact(struct discovery *d, const struct request *r, const struct events *e)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = NULL;
	enum target_reason reason;
	char *why;

	for (size_t i = 0; i < p->nfunctions; i++)
		if (events__have(e, p->functions[i]))
			return exclusions__match(&d->exclusions, r, EVENT_OBJECT, p->functions[i])
				       ? 0
				       : claim(d, r, p->functions[i]);
	written = request__written(p);
	why = why_missing(d, r, e, &reason);
	return claims__add_failed(&d->claims, r, target__new(TARGET_EVENT, EVENT_OBJECT, written),
				  reason, why);
}

static int resolve_glob(struct discovery *d, const struct request *r, const struct events *e)
{
	enum target_reason reason = REASON_NOT_FOUND;
	struct glob_counts counts = {};
	char *why;

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
	why = counts.taken ? NULL : why_missing(d, r, e, &reason);
	return discovery__finish_glob(
		d, r, target__new(TARGET_EVENT, EVENT_OBJECT, r->pattern->functions[0]), &counts,
		reason, why);
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
