/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/counts_json.h"

#include "expose/metrics.h"
#include "discover/outcome_text.h"

/* index, count, index, count, ... of the buckets that are not 0. */
static void json_buckets(struct buf *b, const uint64_t *cells, const struct histogram_layout *g)
{
	const char *comma = "";

	buf__puts(b, ",\"buckets\":[");
	for (uint32_t i = 0; i < g->nbins; i++) {
		if (!cells[i])
			continue;
		buf__puts(b, comma);
		buf__u64(b, i);
		buf__putc(b, ',');
		buf__u64(b, cells[i]);
		comma = ",";
	}
	buf__putc(b, ']');
}

/* Writes a value of the outcome, with its count. False: it has another outcome, or no calls. */
static bool json_value(struct buf *b, const char *outcome, bool first, struct outcome_text text,
		       uint64_t n)
{
	if (!n || !text.outcome || strcmp(text.outcome, outcome))
		return false;
	if (first) {
		buf__json_string(b, outcome);
		buf__puts(b, ":{");
	} else {
		buf__putc(b, ',');
	}
	buf__json_string(b, text.value);
	buf__putc(b, ':');
	buf__u64(b, n);
	return true;
}

static void json_outcomes(struct buf *b, const struct target *t, const struct snap_cell *cell)
{
	static const char *const outcomes[] = { "ok", "null", "error", "restarted", "unknown" };
	const char *comma = "";
	char text[32];

	buf__puts(b, ",\"outcomes\":{");
	for (size_t o = 0; o < ARRAY_SIZE(outcomes); o++) {
		size_t mark = b->len, n = 0;

		buf__puts(b, comma);
		for (int c = 0; c < RP_CLASS_MAX; c++)
			n += json_value(b, outcomes[o], !n, outcome_text__of_class(t, c),
					cell->words[RP_CELL_CLASS + c]);
		for (size_t i = 0; i < cell->nvalues; i++)
			n += json_value(b, outcomes[o], !n,
					outcome_text__of_number(t, cell->values[i].value, text,
								sizeof(text)),
					cell->values[i].count);
		if (n) {
			buf__putc(b, '}');
			comma = ",";
		} else if (!b->failed) {
			b->len = mark;
		}
	}
	buf__putc(b, '}');
}

void counts_json__cell(struct buf *b, const struct metrics_input *in, const struct target *t,
		       const struct snap_cell *cell)
{
	buf__printf(b, ",\"calls\":%llu,\"sum\":",
		    (unsigned long long)snap_cell__calls(cell, in->layout));
	buf__double(b, (double)cell->words[RP_CELL_SUM] / 1e9);
	json_buckets(b, cell->words + RP_CELL_BINS, in->layout);
	json_outcomes(b, t, cell);
}

static void add_cell(struct snap_cell *sum, const struct snap_cell *cell, size_t nwords)
{
	for (size_t i = 0; i < nwords; i++)
		sum->words[i] += cell->words[i];
	for (size_t i = 0; i < cell->nvalues; i++)
		sum->values[sum->nvalues++] =
			(struct snap_value){ cell->values[i].value, cell->values[i].count, 0 };
}

void counts_json__total(struct buf *b, const struct metrics_input *in,
			const struct target_state *st)
{
	const struct snap_target *t = st->snap;
	size_t nwords = RP_CELL_BINS + in->layout->nbins, nvalues = t->cell.nvalues;
	__cleanup_free struct snap_value *values = NULL;
	__cleanup_free uint64_t *words = NULL;
	struct snap_cell sum = {};

	if (!t->nsets) {
		counts_json__cell(b, in, st->target, &t->cell);
		return;
	}
	for (size_t i = 0; i < t->nsets; i++)
		nvalues += t->sets[i].cell.nvalues;
	sum.words = words = calloc(nwords, sizeof(*words));
	sum.values = values = calloc(nvalues + 1, sizeof(*values));
	if (!words || !values) {
		b->failed = true;
		return;
	}
	add_cell(&sum, &t->cell, nwords);
	for (size_t i = 0; i < t->nsets; i++)
		add_cell(&sum, &t->sets[i].cell, nwords);
	sum.nvalues = snap_values__merge(values, sum.nvalues);
	counts_json__cell(b, in, st->target, &sum);
}

void counts_json__missed(struct buf *b, const uint64_t missed[MISSED_MAX], uint32_t reasons)
{
	const char *comma = "";

	buf__puts(b, ",\"missed\":{");
	for (int r = 0; r < MISSED_MAX; r++) {
		if (!missed[r] && !(reasons & 1U << r))
			continue;
		buf__printf(b, "%s\"%s\":%llu", comma, missed_reason_names[r],
			    (unsigned long long)missed[r]);
		comma = ",";
	}
	buf__putc(b, '}');
}
