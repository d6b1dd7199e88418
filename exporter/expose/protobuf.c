/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delimited protobuf: io.prometheus.client.MetricFamily messages, each after its length. It is the
 * only format with native histograms. A histogram is one message with both parts, classic and
 * native, and the scraper picks one.
 *
 * The encoder is written by hand: five messages have a dozen kinds of fields. The length of a
 * message precedes it but is known at its end. So room for it is reserved, and the message is moved
 * if the length needs more or fewer bytes.
 */
#include "expose/protobuf.h"

#include "expose/escape.h"
#include "expose/native.h"

#include <endian.h>
#include <math.h>

enum wire { VARINT, FIXED64, BYTES };

/* Field numbers, of io.prometheus.client and google.protobuf.Timestamp. */
enum {
	FAMILY_NAME = 1,
	FAMILY_HELP = 2,
	FAMILY_TYPE = 3,
	FAMILY_METRIC = 4,
	FAMILY_UNIT = 5,

	METRIC_LABEL = 1,
	METRIC_GAUGE_VALUE = 2,
	METRIC_COUNTER_VALUE = 3,
	METRIC_HISTOGRAM_VALUE = 7,

	LABEL_NAME = 1,
	LABEL_VALUE = 2,

	NUMBER_VALUE = 1, /* of counters and gauges */
	COUNTER_CREATED = 3,

	HISTOGRAM_COUNT = 1,
	HISTOGRAM_SUM = 2,
	HISTOGRAM_BUCKET = 3,
	HISTOGRAM_SCHEMA = 5,
	HISTOGRAM_ZERO_THRESHOLD = 6,
	HISTOGRAM_ZERO_COUNT = 7,
	HISTOGRAM_POSITIVE_SPAN = 12,
	HISTOGRAM_POSITIVE_DELTA = 13,
	HISTOGRAM_CREATED = 15,
	HISTOGRAM_EXEMPLAR = 16, /* of the native part */

	BUCKET_COUNT = 1, /* cumulative */
	BUCKET_BOUND = 2,
	BUCKET_EXEMPLAR = 3,

	EXEMPLAR_LABEL = 1,
	EXEMPLAR_VALUE = 2,
	EXEMPLAR_TIMESTAMP = 3,

	SPAN_OFFSET = 1,
	SPAN_LENGTH = 2,

	TIMESTAMP_SECONDS = 1,
	TIMESTAMP_NANOS = 2,
};

/* By enum metric_type. */
static const unsigned family_types[] = {
	[METRIC_COUNTER] = 0,
	[METRIC_GAUGE] = 1,
	[METRIC_HISTOGRAM] = 4,
};

/* The width of the zero bucket, which only has durations of 0. It must be above 0: otherwise
 * Prometheus 2.42 does not take a histogram without observations for a native one. */
#define ZERO_THRESHOLD 0x1p-128

/* ---- the wire format ------------------------------------------------------------------------- */

#define VARINT_MAX 10

static size_t write_varint(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = v | 0x80;
	p[n++] = v;
	return n;
}

static void put_varint(struct buf *b, uint64_t v)
{
	uint8_t *p = (uint8_t *)buf__reserve(b, VARINT_MAX);

	if (p)
		b->len += write_varint(p, v);
}

/* One byte, for fields up to 15; put_tag() takes others, too. */
static uint8_t tag(unsigned field, enum wire wire)
{
	return field << 3 | wire;
}

static void put_tag(struct buf *b, unsigned field, enum wire wire)
{
	put_varint(b, field << 3 | wire);
}

static void put_uint(struct buf *b, unsigned field, uint64_t v)
{
	put_tag(b, field, VARINT);
	put_varint(b, v);
}

/* Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void put_sint(struct buf *b, unsigned field, int64_t v)
{
	put_uint(b, field, zigzag(v));
}

static void write_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	bits = htole64(bits);
	memcpy(p, &bits, sizeof(bits));
}

static void put_double(struct buf *b, unsigned field, double v)
{
	uint8_t *p;

	put_tag(b, field, FIXED64);
	p = (uint8_t *)buf__reserve(b, sizeof(v));
	if (!p)
		return;
	write_double(p, v);
	b->len += sizeof(v);
}

/* Reserves room for a length of so many bytes. Returns the offset of the content. */
static size_t leave_room(struct buf *b, size_t length_size)
{
	if (buf__reserve(b, length_size))
		b->len += length_size;
	return b->len;
}

static void fill_in(struct buf *b, size_t begin, size_t length_size)
{
	uint8_t length[VARINT_MAX];
	size_t len = b->len - begin, n = write_varint(length, len), from = begin - length_size;

	if (!buf__reserve(b, n))
		return;
	if (n != length_size)
		memmove(b->data + from + n, b->data + begin, len);
	memcpy(b->data + from, length, n);
	b->len = from + n + len;
}

static size_t open_field(struct buf *b, unsigned field, size_t length_size)
{
	put_tag(b, field, BYTES);
	return leave_room(b, length_size);
}

static void put_text(struct buf *b, unsigned field, const char *s)
{
	size_t text = open_field(b, field, 1);

	escape__bytes(b, s);
	fill_in(b, text, 1);
}

/* ---- families and metrics -------------------------------------------------------------------- */

/* The usual sizes of the length of each message, in bytes. */
#define FAMILY_LENGTH	 3
#define METRIC_LENGTH	 1
#define HISTOGRAM_LENGTH 2 /* and of the metric around it */

static void close_family(struct expo *e)
{
	if (e->message)
		fill_in(e->out, e->message, FAMILY_LENGTH);
	e->message = 0;
}

static void protobuf_family(struct expo *e)
{
	const struct metric_family *f = e->family;
	struct buf *b = e->out;
	size_t name;

	close_family(e);
	e->message = leave_room(b, FAMILY_LENGTH);
	name = open_field(b, FAMILY_NAME, 1);
	buf__puts(b, f->name);
	if (f->type == METRIC_COUNTER)
		buf__puts(b, "_total");
	fill_in(b, name, 1);
	put_text(b, FAMILY_HELP, f->help);
	put_uint(b, FAMILY_TYPE, family_types[f->type]);
	if (f->unit[0])
		put_text(b, FAMILY_UNIT, f->unit);
}

static void put_labels(struct buf *b, const struct label_set *ls)
{
	for (size_t i = 0; ls && i < ls->n; i++) {
		size_t label;

		if (!ls->v[i].value)
			continue;
		label = open_field(b, METRIC_LABEL, 1);
		put_text(b, LABEL_NAME, ls->v[i].name);
		put_text(b, LABEL_VALUE, ls->v[i].value);
		fill_in(b, label, 1);
	}
}

static void put_created(struct buf *b, unsigned field, double created)
{
	double seconds = floor(created);
	size_t timestamp;

	if (created <= 0)
		return;
	timestamp = open_field(b, field, 1);
	put_uint(b, TIMESTAMP_SECONDS, (uint64_t)seconds);
	put_uint(b, TIMESTAMP_NANOS, (uint64_t)((created - seconds) * 1e9));
	fill_in(b, timestamp, 1);
}

static void protobuf_sample(struct expo *e, const struct label_set *ls, struct metric_value v,
			    double created)
{
	bool counter = e->family->type == METRIC_COUNTER;
	struct buf *b = e->out;
	size_t metric = open_field(b, FAMILY_METRIC, METRIC_LENGTH), value;

	put_labels(b, ls);
	value = open_field(b, counter ? METRIC_COUNTER_VALUE : METRIC_GAUGE_VALUE, 1);
	put_double(b, NUMBER_VALUE, v.is_int ? (double)v.u : v.d);
	if (counter)
		put_created(b, COUNTER_CREATED, created);
	fill_in(b, value, 1);
	fill_in(b, metric, METRIC_LENGTH);
}

/* ---- exemplars ------------------------------------------------------------------------------- */

static void put_exemplar_label(struct buf *b, const char *name, const char *value)
{
	size_t label = open_field(b, EXEMPLAR_LABEL, 1);

	put_text(b, LABEL_NAME, name);
	put_text(b, LABEL_VALUE, value);
	fill_in(b, label, 1);
}

static void put_exemplar(struct buf *b, unsigned field, const struct exemplar *x)
{
	size_t exemplar = open_field(b, field, 1);
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)x->number);
	put_exemplar_label(b, "sample", number);
	snprintf(number, sizeof(number), "%u", x->pid);
	put_exemplar_label(b, "pid", number);
	put_exemplar_label(b, "comm", x->comm);
	put_double(b, EXEMPLAR_VALUE, (double)x->ns / 1e9);
	put_created(b, EXEMPLAR_TIMESTAMP, x->time);
	fill_in(b, exemplar, 1);
}

/* The buckets of a histogram with exemplars. That of +Inf is sent if it has one. */
static void put_exemplary_buckets(struct buf *b, const struct histogram_value *v)
{
	const struct exemplar *x = v->exemplars, *last = x + v->nexemplars;
	const struct histogram_layout *g = v->layout;
	uint64_t count = 0;
	uint32_t cell = 0;

	for (uint32_t i = 0; i <= g->nclassic; i++) {
		uint32_t end = i < g->nclassic ? g->classic_end[i] : g->nbins;
		const struct exemplar *newest = NULL;
		size_t bucket;

		for (; cell < end; cell++)
			count += v->cells[cell];
		for (; x < last && x->bin < end; x++)
			if (!newest || x->number > newest->number)
				newest = x;
		if (i == g->nclassic && !newest)
			return;
		bucket = open_field(b, HISTOGRAM_BUCKET, 1);
		put_uint(b, BUCKET_COUNT, count);
		put_double(b, BUCKET_BOUND, i < g->nclassic ? g->classic[i] : INFINITY);
		if (newest)
			put_exemplar(b, BUCKET_EXEMPLAR, newest);
		fill_in(b, bucket, 1);
	}
}

/* ---- histograms ------------------------------------------------------------------------------ */

/* The bucket of +Inf is the count and is not sent. Buckets are most of a body, so their known
 * length is used. */
static void put_buckets(struct buf *b, const struct histogram_value *v)
{
	enum { BOUND_SIZE = 1 + sizeof(uint64_t), BUCKET_MAX = 3 + VARINT_MAX + BOUND_SIZE };
	const struct histogram_layout *g = v->layout;
	uint8_t *p = (uint8_t *)buf__reserve(b, g->nclassic * BUCKET_MAX);
	uint64_t count = 0;
	uint32_t cell = 0;

	for (uint32_t i = 0; p && i < g->nclassic; i++) {
		size_t n;

		for (; cell < g->classic_end[i]; cell++)
			count += v->cells[cell];
		p[0] = tag(HISTOGRAM_BUCKET, BYTES);
		p[2] = tag(BUCKET_COUNT, VARINT);
		n = write_varint(p + 3, count);
		p[1] = 1 + n + BOUND_SIZE;
		p[3 + n] = tag(BUCKET_BOUND, FIXED64);
		write_double(p + 4 + n, g->classic[i]);
		p += 3 + n + BOUND_SIZE;
	}
	if (p)
		b->len = (char *)p - b->data;
}

static void put_native(struct buf *b, const struct native_histogram *h)
{
	uint64_t before = 0;
	size_t deltas;

	put_sint(b, HISTOGRAM_SCHEMA, h->schema);
	put_double(b, HISTOGRAM_ZERO_THRESHOLD, ZERO_THRESHOLD);
	put_uint(b, HISTOGRAM_ZERO_COUNT, h->zero_count);
	for (size_t i = 0; i < h->nspans; i++) {
		size_t span = open_field(b, HISTOGRAM_POSITIVE_SPAN, 1);

		put_sint(b, SPAN_OFFSET, h->spans[i].offset);
		put_uint(b, SPAN_LENGTH, h->spans[i].length);
		fill_in(b, span, 1);
	}
	if (!h->nbuckets)
		return;
	deltas = open_field(b, HISTOGRAM_POSITIVE_DELTA, 1);
	for (size_t i = 0; i < h->nbuckets; i++) {
		put_varint(b, zigzag((int64_t)(h->buckets[i] - before)));
		before = h->buckets[i];
	}
	fill_in(b, deltas, 1);
}

static void protobuf_histogram(struct expo *e, const struct label_set *ls,
			       const struct histogram_value *v, double created)
{
	const struct histogram_layout *g = v->layout;
	struct native_histogram native;
	struct buf *b = e->out;
	size_t metric = open_field(b, FAMILY_METRIC, HISTOGRAM_LENGTH), histogram;
	uint64_t count = 0;

	/* Law 1: both parts are sums of the same cells. */
	for (uint32_t i = 0; i < g->nbins; i++)
		count += v->cells[i];

	put_labels(b, ls);
	histogram = open_field(b, METRIC_HISTOGRAM_VALUE, HISTOGRAM_LENGTH);
	put_uint(b, HISTOGRAM_COUNT, count);
	put_double(b, HISTOGRAM_SUM, v->sum);
	if (v->nexemplars)
		put_exemplary_buckets(b, v);
	else
		put_buckets(b, v);
	if (g->native) {
		native__build(&native, v);
		put_native(b, &native);
	}
	put_created(b, HISTOGRAM_CREATED, created);
	for (size_t i = 0; g->native && i < v->nexemplars; i++)
		put_exemplar(b, HISTOGRAM_EXEMPLAR, &v->exemplars[i]);
	fill_in(b, histogram, HISTOGRAM_LENGTH);
	fill_in(b, metric, HISTOGRAM_LENGTH);
}

#define MESSAGE "io.prometheus.client.MetricFamily"

const struct expo_format expo_protobuf = {
	.name = "protobuf-delimited",
	.type = "application/vnd.google.protobuf",
	.params = { { "proto", MESSAGE, MESSAGE }, { "encoding", "delimited", "" } },
	.content_type = "application/vnd.google.protobuf; proto=" MESSAGE "; encoding=delimited",
	.family = protobuf_family,
	.sample = protobuf_sample,
	.histogram = protobuf_histogram,
	.finish = close_family,
};
