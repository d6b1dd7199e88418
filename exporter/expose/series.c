/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/series.h"

#include "discover/outcome_text.h"

/* set: its slot, or EXEMPLAR_NO_SET. */
static void begin(struct series *sr, const struct target_state *st, const struct snap_cell *cell,
		  const struct label_texts *texts, uint32_t set)
{
	const struct capture_spec *x = st->target->capture;

	sr->exemplars = exemplars__of_set(st->exemplars, st->nexemplars, set, &sr->nexemplars);
	sr->state = st;
	sr->cell = cell;
	target_labels__set(sr->labels, st);
	sr->nlabels = TARGET_LABELS;
	for (size_t i = 0; x && i < x->nlabels; i++)
		sr->labels[sr->nlabels++] =
			(struct label){ x->labels[i].name, texts ? texts->v[i] : LABEL_OTHERS };
}

static void for_each(const struct metrics_input *in, struct expo *e, series_writer *write)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		const struct snap_target *t = st->snap;
		struct series sr;

		begin(&sr, st, &t->cell, NULL, EXEMPLAR_NO_SET);
		write(in, &sr, e);
		for (size_t i = 0; i < t->nsets; i++) {
			begin(&sr, st, &t->sets[i].cell, t->sets[i].texts, t->sets[i].slot);
			write(in, &sr, e);
		}
	}
}

void series__write_families(const struct series_family *families, size_t n,
			    const struct metrics_input *in, struct expo *e)
{
	for (size_t i = 0; i < n; i++) {
		expo__family(e, &families[i].family);
		if (families[i].each)
			for_each(in, e, families[i].each);
		else
			families[i].all(in, e);
	}
}

static void write_result(struct series *sr, size_t skip, struct outcome_text text, uint64_t n,
			 struct expo *e)
{
	sr->labels[sr->nlabels] = (struct label){ "outcome", text.outcome };
	sr->labels[sr->nlabels + 1] = (struct label){ "value", text.value };
	expo__count(e, &(struct label_set){ sr->labels + skip, sr->nlabels + 2 - skip }, n,
		    sr->state->created);
}

void series__write_results(struct series *sr, size_t skip, struct expo *e)
{
	const struct target *t = sr->state->target;
	const struct snap_cell *cell = sr->cell;
	char buf[32];

	for (int cls = 0; cls < RP_CLASS_MAX; cls++) {
		struct outcome_text text = outcome_text__of_class(t, cls);
		uint64_t n = cell->words[RP_CELL_CLASS + cls];

		if (text.value && (n || outcome_text__is_initial(t, cls)))
			write_result(sr, skip, text, n, e);
	}
	for (size_t i = 0; i < cell->nvalues; i++) {
		const struct snap_value *v = &cell->values[i];

		if (v->count)
			write_result(sr, skip,
				     outcome_text__of_number(t, v->value, buf, sizeof(buf)),
				     v->count, e);
	}
}
