/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/span.h"

#include "base/buf.h"
#include "discover/points.h"

#define OBJECT "span"

/* "block:block_rq_issue -> block:block_rq_complete" */
static char *signature_of(const struct span_settings *s)
{
	__cleanup_buf struct buf out = {};

	for (size_t i = 0; i < s->npoints; i++) {
		const struct span_point *p = &s->points[i];

		if (p->role == SPAN_CANCEL)
			break;
		buf__printf(&out, "%s%s",
			    !i			    ? ""
			    : p->role == p[-1].role ? ", "
						    : " -> ",
			    p->event);
	}
	return xstrdup(buf__str(&out));
}

int span__resolve(struct discovery *d, const struct request *r)
{
	const struct span_settings *s = r->list->settings.span;
	struct target *t = target__new(TARGET_SPAN, OBJECT, r->pattern->functions[0]);
	enum target_reason reason;
	char *why = points__find(&d->sources, s, t, &reason);

	t->kind = s->outcome.text ? RP_KIND_ERRNO : RP_KIND_VOID;
	t->signature = signature_of(s);
	return why ? claims__add_failed(&d->claims, r, t, reason, why)
		   : claims__add(&d->claims, r, t);
}
