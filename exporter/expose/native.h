/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The native part of a histogram: the sparse exponential buckets of Prometheus. Bucket i of schema
 * s is (base^(i-1), base^i], where base is 2^(2^-s).
 */
#pragma once

#include "expose/expo.h"

/* Limits the memory of a scraper. Prometheus' client library has the same default. */
#define NATIVE_BUCKETS_MAX 160
/* So many empty buckets in a row are smaller than a new span. */
#define NATIVE_GAP_MAX 2

/* Adjacent buckets. The offset of the first span is an index, that of others the distance from the
 * end of the previous span. */
struct native_span {
	int32_t offset;
	uint32_t length;
};

struct native_histogram {
	int schema; /* the layout's, or lower if that needs too many buckets */
	uint64_t zero_count;
	uint64_t count; /* of all buckets, the zero bucket included (law 1) */
	struct native_span spans[NATIVE_BUCKETS_MAX];
	size_t nspans;
	uint64_t buckets[NATIVE_BUCKETS_MAX]; /* in the order of the spans; not cumulative */
	size_t nbuckets;
};

/* v->layout must have native buckets. */
void native__build(struct native_histogram *out, const struct histogram_value *v);
