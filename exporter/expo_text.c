/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Prometheus text format, version 0.0.4.
 *
 * A histogram is most of what a scrape writes, so it is written line by line from parts that are
 * ready: the name and labels once per histogram, the bounds once per exposition, and room for all
 * of its lines at once.
 */
#include "expo.h"

/* Longest shortest double: sign, 17 digits, point, "e-308"; and ".0". */
#define BOUND_MAX 31
#define U64_MAX	  20

struct bound {
	uint8_t len;
	char text[BOUND_MAX];
};

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

/* Version 0.0.4 has no families: `_total` is part of a counter's name everywhere. */
static void put_name(struct buf *out, const struct metric_family *f)
{
	buf__puts(out, f->name);
	if (f->type == METRIC_COUNTER)
		buf__puts(out, "_total");
}

static void text_family(struct expo *e)
{
	const struct metric_family *f = e->family;

	buf__puts(e->out, "# HELP ");
	put_name(e->out, f);
	buf__putc(e->out, ' ');
	expo__escape(e->out, f->help, false);
	buf__puts(e->out, "\n# TYPE ");
	put_name(e->out, f);
	buf__putc(e->out, ' ');
	buf__puts(e->out, type_names[f->type]);
	buf__putc(e->out, '\n');
}

/* `name="value",name="value"` into the scratch. */
static void render_labels(struct expo *e, const struct label_set *ls)
{
	struct buf *b = &e->labels;

	b->len = 0;
	for (size_t i = 0; ls && i < ls->n; i++) {
		if (i)
			buf__putc(b, ',');
		buf__puts(b, ls->v[i].name);
		buf__append(b, "=\"", 2);
		expo__escape(b, ls->v[i].value, true);
		buf__putc(b, '"');
	}
}

/* The labels in braces, or nothing where there are none, and the space before the value. */
static void put_labels(struct expo *e)
{
	if (e->labels.len) {
		buf__putc(e->out, '{');
		buf__append(e->out, e->labels.data, e->labels.len);
		buf__putc(e->out, '}');
	}
	buf__putc(e->out, ' ');
}

static void put_value(struct buf *out, struct metric_value v)
{
	if (v.is_int)
		buf__u64(out, v.u);
	else
		buf__double(out, v.d);
	buf__putc(out, '\n');
}

static void text_sample(struct expo *e, const struct label_set *ls, struct metric_value v,
			double created)
{
	put_name(e->out, e->family);
	render_labels(e, ls);
	put_labels(e);
	put_value(e->out, v);
}

/* One struct bound per classic bucket, and +Inf. */
static const struct bound *bounds_for(struct expo *e, const struct grid *g)
{
	struct buf text = { 0 };

	if (e->bounds_of == g)
		return (const struct bound *)e->bounds.data;

	e->bounds.len = 0;
	for (uint32_t i = 0; i <= g->nclassic; i++) {
		struct bound b = { 0 };

		text.len = 0;
		if (i < g->nclassic)
			expo__bound(&text, g->classic[i]);
		else
			buf__puts(&text, "+Inf");
		b.len = text.len < BOUND_MAX ? text.len : BOUND_MAX;
		if (b.len)
			memcpy(b.text, text.data, b.len);
		buf__append(&e->bounds, &b, sizeof(b));
	}
	e->bounds.failed |= text.failed;
	buf__free(&text);
	e->bounds_of = e->bounds.failed ? NULL : g;
	return e->bounds.failed ? NULL : (const struct bound *)e->bounds.data;
}

static uint64_t put_buckets(struct expo *e, const struct histogram_value *v,
			    const struct bound *bounds)
{
	static const char infix[] = "_bucket{", le[] = "le=\"", close[] = "\"} ";
	const struct grid *g = v->grid;
	size_t name_len = strlen(e->family->name);
	uint64_t count = 0;
	uint32_t cell = 0;

	buf__reserve(e->out,
		     (g->nclassic + 1) * (name_len + sizeof(infix) + e->labels.len + 1 +
					  sizeof(le) + BOUND_MAX + sizeof(close) + U64_MAX));
	for (uint32_t i = 0; i <= g->nclassic; i++) {
		uint32_t end = i < g->nclassic ? g->classic_end[i] : g->ncells;

		for (; cell < end; cell++)
			count += v->cells[cell];
		buf__append(e->out, e->family->name, name_len);
		buf__append(e->out, infix, sizeof(infix) - 1);
		if (e->labels.len) {
			buf__append(e->out, e->labels.data, e->labels.len);
			buf__putc(e->out, ',');
		}
		buf__append(e->out, le, sizeof(le) - 1);
		buf__append(e->out, bounds[i].text, bounds[i].len);
		buf__append(e->out, close, sizeof(close) - 1);
		buf__u64(e->out, count);
		buf__putc(e->out, '\n');
	}
	return count;
}

static void text_histogram(struct expo *e, const struct label_set *ls,
			   const struct histogram_value *v, double created)
{
	const struct bound *bounds = bounds_for(e, v->grid);
	uint64_t count;

	if (!bounds)
		return;
	render_labels(e, ls);
	count = put_buckets(e, v, bounds);

	buf__puts(e->out, e->family->name);
	buf__puts(e->out, "_sum");
	put_labels(e);
	put_value(e->out, (struct metric_value){ .is_int = false, .d = v->sum });

	/* Law 1: the count is what the buckets hold. */
	buf__puts(e->out, e->family->name);
	buf__puts(e->out, "_count");
	put_labels(e);
	put_value(e->out, (struct metric_value){ .is_int = true, .u = count });
}

const struct expo_format expo_text = {
	.name = "text-0.0.4",
	.type = "text/plain",
	.params = { { "version", "0.0.4", "0.0.4" } },
	.content_type = "text/plain; version=0.0.4; charset=utf-8",
	.family = text_family,
	.sample = text_sample,
	.histogram = text_histogram,
};
