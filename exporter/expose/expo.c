/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/expo.h"

void expo__begin(struct expo *e, const struct expo_format *format, struct buf *out)
{
	*e = (struct expo){ .format = format, .out = out };
}

void expo__family(struct expo *e, const struct metric_family *f)
{
	e->family = f;
	e->opened = false;
}

static void open_family(struct expo *e)
{
	if (e->opened)
		return;
	e->opened = true;
	e->format->family(e);
}

void expo__count(struct expo *e, const struct label_set *ls, uint64_t v, double created)
{
	open_family(e);
	e->format->sample(e, ls, (struct metric_value){ .is_int = true, .u = v }, created);
}

void expo__value(struct expo *e, const struct label_set *ls, double v, double created)
{
	open_family(e);
	e->format->sample(e, ls, (struct metric_value){ .is_int = false, .d = v }, created);
}

void expo__histogram(struct expo *e, const struct label_set *ls, const struct histogram_value *v,
		     double created)
{
	open_family(e);
	e->format->histogram(e, ls, v, created);
}

void expo__end(struct expo *e)
{
	if (e->format->finish)
		e->format->finish(e);
	/* A scratch that could not grow has left holes in the body. */
	if (e->labels.failed || e->bounds.failed)
		e->out->failed = true;
	buf__free(&e->labels);
	buf__free(&e->bounds);
}
