/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a client can make the server hold: places for requests, and bytes of answers that are built
 * and not yet read. A request holds its place from when it is worked on until the last byte is
 * sent, so clients that do not read are what the limits are about. A reload holds one while it
 * waits, too.
 */
#include "http/internal.h"

#include <malloc.h>

#define PAGES_MAX   64 /* a browser asks for a few at a time */
#define CHANGES_MAX 16
/* All connections together; room for a few scrapes of 10,000 functions, uncompressed. */
#ifndef HTTP_BYTES_MAX
#define HTTP_BYTES_MAX (128ULL << 20)
#endif
#define TRIM_ABOVE  (16ULL << 20)
#define TRIM_BELOW  (1ULL << 20)
#define RETRY_AFTER 5 /* seconds */

static unsigned limit_of(const struct http *h, enum http_kind kind)
{
	switch (kind) {
	case HTTP_SCRAPE:
		return h->max_requests;
	case HTTP_PAGE:
		return PAGES_MAX;
	case HTTP_CHANGE:
		return CHANGES_MAX;
	default:
		return 0;
	}
}

static void refuse_for_memory(struct http_response *res)
{
	http_response__text(res, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "%llu MiB of answers are waiting for clients to read them, try again "
			    "later.",
			    HTTP_BYTES_MAX >> 20);
	res->retry_after = RETRY_AFTER;
}

bool http_limits__take(struct http *h, struct request *r, enum http_kind kind)
{
	unsigned limit = limit_of(h, kind);
	bool room, memory;

	if (kind == HTTP_SMALL)
		return true;
	pthread_mutex_lock(&h->lock);
	room = !limit || h->running[kind] < limit;
	memory = h->bytes < HTTP_BYTES_MAX;
	if (room && memory) {
		h->running[kind]++;
		r->kind = kind;
	}
	pthread_mutex_unlock(&h->lock);
	if (!room) {
		http_response__text(&r->res, MHD_HTTP_SERVICE_UNAVAILABLE,
				    "Limit of concurrent requests reached (%u), try again later.",
				    limit);
		r->res.retry_after = RETRY_AFTER;
	} else if (!memory) {
		refuse_for_memory(&r->res);
	}
	return room && memory;
}

/* One that is larger than the budget goes out alone: it could never be had otherwise. */
void http_limits__charge(struct http *h, struct request *r)
{
	uint64_t bytes = r->res.body.len;
	bool fits;

	pthread_mutex_lock(&h->lock);
	fits = !h->bytes || h->bytes + bytes <= HTTP_BYTES_MAX;
	if (fits) {
		r->bytes = bytes;
		h->bytes += bytes;
	}
	if (h->peak < h->bytes)
		h->peak = h->bytes;
	pthread_mutex_unlock(&h->lock);
	if (!fits)
		refuse_for_memory(&r->res);
}

void http_limits__give_back(struct http *h, const struct request *r)
{
	pthread_mutex_lock(&h->lock);
	h->bytes -= r->bytes;
	if (r->kind != HTTP_SMALL)
		h->running[r->kind]--;
	pthread_mutex_unlock(&h->lock);
}

void http_limits__trim(struct http *h)
{
	bool due;

	pthread_mutex_lock(&h->lock);
	due = h->peak >= TRIM_ABOVE && h->bytes < TRIM_BELOW;
	if (due)
		h->peak = 0;
	pthread_mutex_unlock(&h->lock);
	if (due)
		malloc_trim(0);
}
