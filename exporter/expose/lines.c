/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms are most of a scrape, so their lines are assembled from prepared parts: name and
 * labels once per histogram, bounds once per exposition. Room for all lines is reserved at once.
 */
#include "expose/lines.h"

#include "expose/escape.h"

/* The longest shortest double (sign, 17 digits, point, "e-308"), and the end of the labels. */
#define BOUND_MAX 31

/* `1e-06"} `: a bound and the text up to the value. */
struct bound {
	uint8_t len;
	char text[BOUND_MAX];
};

const char *const expo_type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

/* Writes `name="value",name="value"` to the scratch. */
static void render_labels(struct expo *e, const struct label_set *ls)
{
	struct buf *b = &e->labels;

	b->len = 0;
	for (size_t i = 0; ls && i < ls->n; i++) {
		if (!ls->v[i].value)
			continue;
		if (b->len)
			buf__putc(b, ',');
		buf__puts(b, ls->v[i].name);
		buf__append(b, "=\"", 2);
		escape__text(b, ls->v[i].value, true);
		buf__putc(b, '"');
	}
}

/* Writes the name, the labels in braces (if any), and a space. */
static void begin_line(struct expo *e, const char *suffix)
{
	buf__puts(e->out, e->family->name);
	buf__puts(e->out, suffix);
	if (e->labels.len) {
		buf__putc(e->out, '{');
		buf__append(e->out, e->labels.data, e->labels.len);
		buf__putc(e->out, '}');
	}
	buf__putc(e->out, ' ');
}

static void end_line(struct buf *out, struct metric_value v)
{
	if (v.is_int)
		buf__u64(out, v.u);
	else
		buf__double(out, v.d);
	buf__putc(out, '\n');
}

void expo_lines__sample(struct expo *e, const struct label_set *ls, struct metric_value v,
			double created)
{
	render_labels(e, ls);
	begin_line(e, e->family->type == METRIC_COUNTER ? "_total" : "");
	end_line(e->out, v);
}

void expo_lines__again(struct expo *e, const char *suffix, double v)
{
	begin_line(e, suffix);
	end_line(e->out, (struct metric_value){ .is_int = false, .d = v });
}

/* One struct bound per classic bucket, and +Inf. */
static const struct bound *bounds_for(struct expo *e, const struct histogram_layout *g)
{
	struct buf text = { 0 };

	if (e->bounds_of == g)
		return (const struct bound *)e->bounds.data;

	e->bounds.len = 0;
	for (uint32_t i = 0; i <= g->nclassic; i++) {
		struct bound b = { 0 };

		text.len = 0;
		if (i < g->nclassic)
			escape__bound(&text, g->classic[i]);
		else
			buf__puts(&text, "+Inf");
		buf__puts(&text, "\"} ");
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

/* `name_bucket{labels,le="`, in the scratch after the labels; NULL without memory. */
static const char *bucket_head(struct expo *e, size_t *len)
{
	static const char infix[] = "_bucket{", le[] = "le=\"";
	struct buf *b = &e->labels;
	size_t labels = b->len;

	/* Reserve first: the labels are copied within the buffer. */
	buf__reserve(b, strlen(e->family->name) + sizeof(infix) + labels + 1 + sizeof(le));
	buf__puts(b, e->family->name);
	buf__append(b, infix, sizeof(infix) - 1);
	if (labels) {
		buf__append(b, b->data, labels);
		buf__putc(b, ',');
	}
	buf__append(b, le, sizeof(le) - 1);
	*len = b->len - labels;
	b->len = labels;
	return b->failed ? NULL : b->data + labels;
}

/* ` # {sample="7",pid="12",comm="cat"} 0.25 1700000000.5`. Names and values have less than the 128
 * characters that OpenMetrics allows. */
static void render_exemplar(struct buf *b, const struct exemplar *x)
{
	buf__printf(b, " # {sample=\"%llu\",pid=\"%u\",comm=\"", (unsigned long long)x->number,
		    x->pid);
	escape__text(b, x->comm, true);
	buf__puts(b, "\"} ");
	buf__double(b, (double)x->ns / 1e9);
	buf__putc(b, ' ');
	buf__printf(b, "%.3f", x->time);
}

/* Few histograms have exemplars, so these lines need not be fast. */
static uint64_t put_exemplary_buckets(struct expo *e, const struct histogram_value *v,
				      const struct bound *bounds)
{
	const struct exemplar *x = v->exemplars, *last = x + v->nexemplars;
	const struct histogram_layout *g = v->layout;
	uint64_t count = 0;
	uint32_t cell = 0;
	size_t head_len;
	const char *head = bucket_head(e, &head_len);

	for (uint32_t i = 0; head && i <= g->nclassic; i++) {
		uint32_t end = i < g->nclassic ? g->classic_end[i] : g->nbins;
		const struct exemplar *newest = NULL;

		for (; cell < end; cell++)
			count += v->cells[cell];
		for (; x < last && x->bin < end; x++)
			if (!newest || x->number > newest->number)
				newest = x;
		buf__append(e->out, head, head_len);
		buf__append(e->out, bounds[i].text, bounds[i].len);
		buf__u64(e->out, count);
		if (newest)
			render_exemplar(e->out, newest);
		buf__putc(e->out, '\n');
	}
	return count;
}

static uint64_t put_buckets(struct expo *e, const struct histogram_value *v,
			    const struct bound *bounds)
{
	const struct histogram_layout *g = v->layout;
	uint64_t count = 0;
	uint32_t cell = 0;
	size_t head_len;
	const char *head = bucket_head(e, &head_len);
	char *p = head ? buf__reserve(e->out,
				      (g->nclassic + 1) * (head_len + BOUND_MAX + U64_DIGITS + 1))
		       : NULL;

	for (uint32_t i = 0; p && i <= g->nclassic; i++) {
		uint32_t end = i < g->nclassic ? g->classic_end[i] : g->nbins;

		for (; cell < end; cell++)
			count += v->cells[cell];
		p = mempcpy(p, head, head_len);
		/* A fixed size needs no call of memcpy(); the excess is overwritten. */
		memcpy(p, bounds[i].text, BOUND_MAX);
		p = u64__print(p + bounds[i].len, count);
		*p++ = '\n';
	}
	if (p)
		e->out->len = p - e->out->data;
	return count;
}

static void put_histogram(struct expo *e, const struct label_set *ls,
			  const struct histogram_value *v, bool exemplars)
{
	const struct bound *bounds = bounds_for(e, v->layout);
	uint64_t count;

	if (!bounds)
		return;
	render_labels(e, ls);
	count = exemplars ? put_exemplary_buckets(e, v, bounds) : put_buckets(e, v, bounds);
	expo_lines__again(e, "_sum", v->sum);

	/* Law 1: the count is the sum of the buckets. */
	begin_line(e, "_count");
	end_line(e->out, (struct metric_value){ .is_int = true, .u = count });
}

void expo_lines__histogram(struct expo *e, const struct label_set *ls,
			   const struct histogram_value *v, double created)
{
	put_histogram(e, ls, v, false);
}

void expo_lines__exemplary(struct expo *e, const struct label_set *ls,
			   const struct histogram_value *v)
{
	put_histogram(e, ls, v, v->nexemplars);
}
