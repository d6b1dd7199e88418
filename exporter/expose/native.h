/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The native part of a histogram: the cells of the grid as the sparse exponential buckets of
 * Prometheus. Bucket i of schema s holds (base^(i-1), base^i], where base is 2^(2^-s).
 */
#ifndef EXPOSE_NATIVE_H
#define EXPOSE_NATIVE_H

#include "expose/expo.h"

/* What a histogram may take of a scraper's memory; Prometheus' own client library does the same. */
#define NATIVE_BUCKETS_MAX 160
/* Empty buckets in a row that cost less than a span. */
#define NATIVE_GAP_MAX 2

/* Adjacent buckets. The first span's offset is an index, the others' count from the end of the one
 * before. */
struct native_span {
	int32_t offset;
	uint32_t length;
};

struct native_histogram {
	int schema; /* the grid's, or less where that takes too many buckets */
	uint64_t zero_count;
	uint64_t count; /* of all buckets, the zero bucket included (law 1) */
	struct native_span spans[NATIVE_BUCKETS_MAX];
	size_t nspans;
	uint64_t buckets[NATIVE_BUCKETS_MAX]; /* of the spans, in order; not cumulative */
	size_t nbuckets;
};

/* v->grid is one that has native buckets. */
void native__build(struct native_histogram *out, const struct histogram_value *v);

#endif /* EXPOSE_NATIVE_H */
