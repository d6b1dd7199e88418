/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/span.h"

#include "base/buf.h"
#include "discover/events.h"
#include "discover/kernel_symbol.h"

#define OBJECT "span"

/* Why a function cannot be a point; NULL: it can. */
static char *function_refusal(struct discovery *d, const char *name, enum target_reason *reason)
{
	struct symbols *s = sources__symbols(&d->sources);
	const struct ksym *sym = s ? symbols__find(s, name) : NULL;
	const char *why = NULL;

	*reason = REASON_NOT_FOUND;
	if (!sym)
		return xasprintf("no function %s in this kernel", name);
	*reason = REASON_AMBIGUOUS;
	if (sym->copies > 1 || symbols__next(s, sym))
		return xasprintf("there are several functions %s, and a point is one", name);
	*reason = kernel_symbol__verdict(s, sym, &why);
	return why ? xasprintf("%s: %s", name, why) : NULL;
}

/* The same for the first of its points that cannot be one. */
static char *refusal(struct discovery *d, const struct span_settings *s, enum target_reason *reason)
{
	struct events all;
	char *why = NULL;

	events__read(d->sources.env, &all);
	for (size_t i = 0; i < s->npoints && !why; i++) {
		const struct span_point *p = &s->points[i];

		*reason = REASON_NOT_FOUND;
		if (p->function)
			why = function_refusal(d, p->function, reason);
		else if (!events__have(&all, p->event))
			why = events__missing(&all, p->event);
	}
	events__free(&all);
	return why;
}

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
			    p->event ? p->event : p->function);
	}
	return xstrdup(buf__str(&out));
}

int span__resolve(struct discovery *d, const struct request *r)
{
	const struct span_settings *s = r->list->settings.span;
	struct target *t = target__new(TARGET_SPAN, OBJECT, r->pattern->functions[0]);
	enum target_reason reason;
	char *why = refusal(d, s, &reason);

	t->kind = s->outcome.text ? RP_KIND_ERRNO : RP_KIND_VOID;
	t->signature = signature_of(s);
	return why ? claims__add_failed(&d->claims, r, t, reason, why)
		   : claims__add(&d->claims, r, t);
}
