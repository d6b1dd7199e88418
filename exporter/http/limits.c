/* SPDX-License-Identifier: GPL-2.0-only */
#include "http/limits.h"

#include <malloc.h>
#include <microhttpd.h>

#include "http/response.h"

#define PAGES_MAX   64 /* a browser makes a few requests at a time */
#define CHANGES_MAX 16
/* All connections together; room for a few scrapes of 10,000 functions, uncompressed. */
#ifndef HTTP_BYTES_MAX
#define HTTP_BYTES_MAX (128ULL << 20)
#endif
#define TRIM_ABOVE  (16ULL << 20)
#define TRIM_BELOW  (1ULL << 20)
#define RETRY_AFTER 5 /* seconds */

void http_limits__init(struct http_limits *l, unsigned max_requests)
{
	*l = (struct http_limits){ .max_requests = max_requests };
	pthread_mutex_init(&l->lock, NULL);
}

void http_limits__destroy(struct http_limits *l)
{
	pthread_mutex_destroy(&l->lock);
}

static unsigned limit_of(const struct http_limits *l, enum http_kind kind)
{
	switch (kind) {
	case HTTP_SCRAPE:
		return l->max_requests;
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

bool http_limits__take(struct http_limits *l, struct http_held *held, enum http_kind kind,
		       struct http_response *res)
{
	unsigned limit = limit_of(l, kind);
	bool room, memory;

	if (kind == HTTP_SMALL)
		return true;
	pthread_mutex_lock(&l->lock);
	room = !limit || l->running[kind] < limit;
	memory = l->bytes < HTTP_BYTES_MAX;
	if (room && memory) {
		l->running[kind]++;
		held->kind = kind;
	}
	pthread_mutex_unlock(&l->lock);
	if (!room) {
		http_response__text(res, MHD_HTTP_SERVICE_UNAVAILABLE,
				    "Limit of concurrent requests reached (%u), try again later.",
				    limit);
		res->retry_after = RETRY_AFTER;
	} else if (!memory) {
		refuse_for_memory(res);
	}
	return room && memory;
}

/* An answer larger than the whole budget is sent when there is no other. */
void http_limits__charge(struct http_limits *l, struct http_held *held, struct http_response *res)
{
	uint64_t bytes = res->body.len;
	bool fits;

	pthread_mutex_lock(&l->lock);
	fits = !l->bytes || l->bytes + bytes <= HTTP_BYTES_MAX;
	if (fits) {
		held->bytes = bytes;
		l->bytes += bytes;
	}
	if (l->peak < l->bytes)
		l->peak = l->bytes;
	pthread_mutex_unlock(&l->lock);
	if (!fits)
		refuse_for_memory(res);
}

void http_limits__give_back(struct http_limits *l, const struct http_held *held)
{
	pthread_mutex_lock(&l->lock);
	l->bytes -= held->bytes;
	if (held->kind != HTTP_SMALL)
		l->running[held->kind]--;
	pthread_mutex_unlock(&l->lock);
}

void http_limits__trim(struct http_limits *l)
{
	bool due;

	pthread_mutex_lock(&l->lock);
	due = l->peak >= TRIM_ABOVE && l->bytes < TRIM_BELOW;
	if (due)
		l->peak = 0;
	pthread_mutex_unlock(&l->lock);
	if (due)
		malloc_trim(0);
}
