/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/raw_event.h"

#include "discover/raw_tracepoints.h"

static bool is_excluded(struct discovery *d, const struct request *r, const char *name)
{
	return exclusions__match(&d->exclusions, r, RAW_TRACEPOINT_OBJECT, name);
}

static struct target *new_target(const char *name)
{
	return target__new(TARGET_RAW_EVENT, RAW_TRACEPOINT_OBJECT, name);
}

static int claim(struct discovery *d, const struct request *r, const char *name)
{
	struct target *t = new_target(name);

	t->kind = RP_KIND_VOID;
	t->signature = raw_tracepoints__signature(&d->sources, name);
	return claims__add(&d->claims, r, t);
}

/* The first alternative that exists. */
static int resolve_exact(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = NULL, *names = NULL;

	for (size_t i = 0; i < p->nfunctions; i++)
		if (raw_tracepoints__find(&d->sources, p->functions[i]))
			return is_excluded(d, r, p->functions[i]) ? 0
								  : claim(d, r, p->functions[i]);
	written = request__written(p);
	names = request__in_words(p);
	return claims__add_failed(&d->claims, r, new_target(written), REASON_NOT_FOUND,
				  raw_tracepoints__missing(&d->sources, names));
}

static int resolve_glob(struct discovery *d, const struct request *r)
{
	struct glob_counts counts = {};
	size_t n;
	__cleanup_free const char **names = raw_tracepoints__all(&d->sources, &n);
	const char *glob = r->pattern->functions[0];

	for (size_t i = 0; i < n; i++) {
		int err;

		if (!pattern__matches(r->pattern, names[i]))
			continue;
		if (is_excluded(d, r, names[i])) {
			counts.excluded++;
			continue;
		}
		err = claim(d, r, names[i]);
		if (err)
			return err;
		counts.taken++;
	}
	return discovery__finish_glob(d, r, new_target(glob), &counts, REASON_NOT_FOUND,
				      counts.taken ? NULL
				      : n	   ? xasprintf("no raw tracepoint matches %s", glob)
						   : raw_tracepoints__missing(&d->sources, glob));
}

int raw_event__resolve(struct discovery *d, const struct request *r)
{
	return r->pattern->glob ? resolve_glob(d, r) : resolve_exact(d, r);
}
