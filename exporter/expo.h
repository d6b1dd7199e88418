/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exposition: how metric families become bytes. A format is one expo_FORMAT.c with an expo_format,
 * and one row in expo.c; metrics.c drives it without knowing which.
 */
#ifndef EXPO_H
#define EXPO_H

#include "buf.h"
#include "grid.h"
#include "util.h"

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
	const struct metric_family *family; /* that samples belong to now */
	struct buf labels;		    /* scratch of the format, kept between samples */
};

struct expo_format {
	const char *name;	  /* for logs and tests */
	const char *type;	  /* media type without parameters: "text/plain" */
	const char *version;	  /* its `version` (or for protobuf `encoding`) parameter */
	const char *content_type; /* sent */
	void (*family)(struct expo *e);
	void (*sample)(struct expo *e, const struct label_set *ls, struct metric_value v,
		       double created);
	void (*histogram)(struct expo *e, const struct label_set *ls,
			  const struct histogram_value *v, double created);
	void (*finish)(struct expo *e);
};

extern const struct expo_format expo_text;

/* What to answer to this Accept header (NULL: none). Never NULL: text 0.0.4 if nothing matches.
 * (RFC 9110 section 12.5.1, with what Prometheus versions really send) */
const struct expo_format *expo__negotiate(const char *accept);
/* Whether gzip may be used for this Accept-Encoding (NULL: no). */
bool expo__accepts_gzip(const char *accept_encoding);

/* For metrics.c. `created` is in seconds since the epoch, 0 for none. */
void expo__begin(struct expo *e, const struct expo_format *format, struct buf *out);
void expo__family(struct expo *e, const struct metric_family *f);
void expo__count(struct expo *e, const struct label_set *ls, uint64_t v, double created);
void expo__value(struct expo *e, const struct label_set *ls, double v);
void expo__histogram(struct expo *e, const struct label_set *ls, const struct histogram_value *v,
		     double created);
void expo__end(struct expo *e); /* writes what closes the body, frees the scratch */

#endif /* EXPO_H */
