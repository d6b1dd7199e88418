/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/returned.h"

#include "base/error.h"

void returned__begin(struct returned *r, struct rp_returned *out)
{
	*out = (struct rp_returned){ .max_ns = UINT64_MAX };
	*r = (struct returned){ .out = out };
}

static int add_one(struct returned *r, const struct filter *f, char **why)
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
		if (o->nresults == RP_FILTERS)
			return error__refuse(why, "more than %d filters on the result; remove some",
					     RP_FILTERS);
		o->result[o->nresults++] = f->result;
		o->filters |= RP_RETURNED_RESULT;
	}
	return 0;
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
	int err;

	if (a->n > 1) {
		if (r->nendings + a->n > FILTER_ALTERNATIVES)
			return alternatives__too_many(why);
		for (size_t i = 0; i < a->n; i++)
			add_ending(r, &a->v[i], i + 1 == a->n);
		return 0;
	}
	err = add_one(r, &a->v[0], why);
	if (!err && (o->min_ns > o->max_ns || (o->filters & RP_RETURNED_OUTCOME && !o->outcomes)))
		err = error__refuse(why, "with \"%s\", no call passes all filters", text);
	return err;
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
