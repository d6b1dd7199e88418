/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/returned.h"

#include "base/error.h"

void returned__begin(struct returned *r, struct rp_returned *out)
{
	*out = (struct rp_returned){ .max_ns = UINT64_MAX };
	*r = (struct returned){ .out = out };
}

static void add_one(struct returned *r, const struct filter *f)
{
	struct rp_returned *o = r->out;

	switch (f->type) {
	case FILTER_DURATION:
		o->min_ns = f->min_ns > o->min_ns ? f->min_ns : o->min_ns;
		o->max_ns = f->max_ns < o->max_ns ? f->max_ns : o->max_ns;
		o->filters |= RP_RETURNED_DURATION;
		r->needs_durations = true;
		break;
	case FILTER_OUTCOME:
		o->outcomes =
			o->filters & RP_RETURNED_OUTCOME ? o->outcomes & f->outcomes : f->outcomes;
		o->filters |= RP_RETURNED_OUTCOME;
		break;
	default:
		o->result[o->nresults++] = f->result;
		o->filters |= RP_RETURNED_RESULT;
	}
}

static void add_ending(struct returned *r, const struct filter *f, bool last)
{
	r->out->ending[r->nendings++] = (struct rp_ending){
		.min_ns = f->min_ns,
		.max_ns = f->type == FILTER_DURATION ? f->max_ns : UINT64_MAX,
		.outcomes = f->outcomes,
		.last = last,
		.result = f->result,
	};
	r->needs_durations |= f->type == FILTER_DURATION;
}

int returned__add(struct returned *r, const struct alternatives *a, const char *text, char **why)
{
	const struct rp_returned *o = r->out;
	bool full = a->v[0].type == FILTER_RESULT && o->nresults == RP_FILTERS;

	if (a->n > 1 || full) {
		if (r->nendings + a->n > FILTER_ALTERNATIVES)
			return condition__too_many(why);
		for (size_t i = 0; i < a->n; i++)
			add_ending(r, &a->v[i], i + 1 == a->n);
		return 0;
	}
	add_one(r, &a->v[0]);
	if (o->min_ns > o->max_ns || (o->filters & RP_RETURNED_OUTCOME && !o->outcomes))
		return error__refuse(why, "with \"%s\", no call passes all filters", text);
	return 0;
}

/* With alternatives, filters on the result are groups of one. */
void returned__finish(struct returned *r)
{
	struct rp_returned *o = r->out;

	if (!r->nendings)
		return;
	for (uint32_t i = 0; i < o->nresults; i++)
		add_ending(r, &(struct filter){ .result = o->result[i] }, true);
	o->filters &= ~RP_RETURNED_RESULT;
	o->filters |= RP_RETURNED_ENDINGS;
	o->nresults = 0;
	o->nendings = r->nendings;
}
