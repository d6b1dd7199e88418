/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exposition: turns metric families into bytes of some format. A format is one source with an
 * expo_format, and one row in expose/formats.c.
 */
#pragma once

#include "base/buf.h"
#include "base/histogram_layout.h"
#include "base/util.h"
#include "samples/exemplar.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family {
	const char *name; /* without "_total" for counters; formats add what they need */
	const char *help;
	const char *unit; /* "seconds", "bytes", or "" */
	enum metric_type type;
};

struct label {
	const char *name, *value; /* value NULL: the series does not have it */
};

struct label_set {
	const struct label *v;
	size_t n;
};

/* Counts are exact up to 2^64. A format converts them to double only if its syntax demands it. */
struct metric_value {
	bool is_int;
	union {
		uint64_t u;
		double d;
	};
};

struct histogram_value {
	const struct histogram_layout *layout;
	const uint64_t *cells; /* layout->nbins counts; the count is their sum */
	double sum;
	const struct exemplar *exemplars; /* at most one for each bin, ascending */
	size_t nexemplars;
};

struct expo {
	const struct expo_format *format;
	struct buf *out;
	bool created_series; /* OpenMetrics writes `_created` series; may be set after expo__begin()
			      */
	const struct metric_family *family; /* of the next samples */
	bool opened;			    /* the family's header is written */
	/* Scratch of the format. Kept between samples, so that they do not allocate. */
	struct buf labels;
	struct buf bounds;
	const struct histogram_layout *bounds_of; /* the layout that ->bounds was made from */
	size_t message;				  /* offset of the family's open message; 0: none */
};

/* A parameter that selects this format among others with the same media type. */
struct expo_param {
	const char *name, *value;
	const char *implied; /* the value that a media range without the parameter means */
};

struct expo_format {
	const char *name;		/* for logs and tests */
	const char *type;		/* media type without parameters: "text/plain" */
	struct expo_param params[3];	/* ends with a NULL name */
	const char *content_type;	/* of the response */
	void (*family)(struct expo *e); /* writes the family's header */
	void (*sample)(struct expo *e, const struct label_set *ls, struct metric_value v,
		       double created);
	void (*histogram)(struct expo *e, const struct label_set *ls,
			  const struct histogram_value *v, double created);
	void (*finish)(struct expo *e); /* writes the end of the body; may be NULL */
};

/* `created` is in seconds since the epoch; 0: none. */
void expo__begin(struct expo *e, const struct expo_format *format, struct buf *out);
/* Begins a family. Writes nothing before the first sample. */
void expo__family(struct expo *e, const struct metric_family *f);
void expo__count(struct expo *e, const struct label_set *ls, uint64_t v, double created);
void expo__value(struct expo *e, const struct label_set *ls, double v, double created);
void expo__histogram(struct expo *e, const struct label_set *ls, const struct histogram_value *v,
		     double created);
void expo__end(struct expo *e); /* writes the end of the body and frees the scratch */
