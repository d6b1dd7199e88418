/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exposition: how metric families become bytes. A format is one expo_FORMAT.c with an expo_format,
 * and one row in expose/expo.c; expose/metrics.c drives it without knowing which.
 */
#ifndef EXPOSE_EXPO_H
#define EXPOSE_EXPO_H

#include "base/buf.h"
#include "base/grid.h"
#include "base/util.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family {
	const char *name; /* without "_total" for counters; formats add what they need */
	const char *help;
	const char *unit; /* "seconds", "bytes", or "" */
	enum metric_type type;
};

struct label {
	const char *name, *value;
};

struct label_set {
	const struct label *v;
	size_t n;
};

/* Values that count things are exact integers to 2^64; formats must not send them through double
 * where their syntax has no need to. */
struct metric_value {
	bool is_int;
	union {
		uint64_t u;
		double d;
	};
};

struct histogram_value {
	const struct grid *grid;
	const uint64_t *cells; /* grid->ncells counts; the count is their sum */
	double sum;
};

struct expo {
	const struct expo_format *format;
	struct buf *out;
	/* May be set once begun: OpenMetrics is to have `_created` series. */
	bool created_series;
	const struct metric_family *family; /* that samples belong to now */
	bool opened;			    /* the family has a sample, so its header is written */
	/* Scratch of the format, kept between samples so that none of them allocates. */
	struct buf labels;
	struct buf bounds;
	const struct grid *bounds_of; /* the grid that ->bounds was made from */
	size_t message;		      /* where the open message of a family begins; 0: none */
};

/* A parameter of a media type that tells it from others of the same name. */
struct expo_param {
	const char *name, *value;
	const char *implied; /* what a media range that does not name it means */
};

struct expo_format {
	const char *name;		/* for logs and tests */
	const char *type;		/* media type without parameters: "text/plain" */
	struct expo_param params[3];	/* ends with a NULL name */
	const char *content_type;	/* sent */
	void (*family)(struct expo *e); /* what comes before the first sample */
	void (*sample)(struct expo *e, const struct label_set *ls, struct metric_value v,
		       double created);
	void (*histogram)(struct expo *e, const struct label_set *ls,
			  const struct histogram_value *v, double created);
	void (*finish)(struct expo *e); /* what closes the body; may be NULL */
};

extern const struct expo_format expo_text, expo_openmetrics, expo_protobuf;

/* What to answer to this Accept header (NULL: none). Never NULL: text 0.0.4 if nothing matches.
 * (RFC 9110 section 12.5.1, with what Prometheus versions really send) */
const struct expo_format *expo__negotiate(const char *accept);
/* The same over any table, whose first row is what a bare wildcard and a header without a match
 * get. */
const struct expo_format *expo__negotiate_among(const struct expo_format *const *formats, size_t n,
						const char *accept);
/* Whether gzip may be used for this Accept-Encoding (NULL: no). */
bool expo__accepts_gzip(const char *accept_encoding);

/* For expose/metrics.c. `created` is in seconds since the epoch, 0 for none. */
void expo__begin(struct expo *e, const struct expo_format *format, struct buf *out);
void expo__family(struct expo *e, const struct metric_family *f); /* no samples: nothing written */
void expo__count(struct expo *e, const struct label_set *ls, uint64_t v, double created);
void expo__value(struct expo *e, const struct label_set *ls, double v);
void expo__histogram(struct expo *e, const struct label_set *ls, const struct histogram_value *v,
		     double created);
void expo__end(struct expo *e); /* writes what closes the body, frees the scratch */

/* For formats: s with the bytes that are not UTF-8 spelt \\xNN, each backslash, newline and, if
 * quotes, double quote escaped as the text formats want. */
void expo__escape(struct buf *out, const char *s, bool quotes);
/* The same text as it is, for formats that need no escapes. */
void expo__utf8(struct buf *out, const char *s);
/* A bound of a classic bucket, canonical: "1.0", "2.5e-07". */
void expo__bound(struct buf *out, double bound);

#endif /* EXPOSE_EXPO_H */
