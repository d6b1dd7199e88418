/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface between the HTTP server and the handlers of its paths. */
#pragma once

#include "base/buf.h"

/* A request as a handler sees it. */
struct http_request {
	const char *path;
	const char *accept;	      /* header, or NULL */
	double timeout;		      /* X-Prometheus-Scrape-Timeout-Seconds, or 0 */
	double arrived;		      /* monotonic seconds */
	const char *const *functions; /* values of function[] (and function), in order */
	size_t nfunctions;
	const char *limit; /* NULL: not given */
};

struct http_response {
	int code;		  /* 200 unless set */
	const char *content_type; /* static */
	struct buf body;
	const char *vary;     /* static, or NULL */
	bool compressible;    /* may be sent as gzip */
	bool compressed;      /* set by the server */
	unsigned retry_after; /* seconds; 0: no such header */
};

typedef void (*http_handler)(void *ctx, const struct http_request *req, struct http_response *res);

enum http_methods {
	HTTP_READ,  /* GET and HEAD */
	HTTP_WRITE, /* POST and PUT */
};

/* Limits the number of concurrent requests (more: 503). */
enum http_kind {
	HTTP_SMALL,  /* no limit; the handler must neither block nor compute much */
	HTTP_SCRAPE, /* max_requests */
	HTTP_PAGE,   /* a fixed number; for browsers */
	HTTP_CHANGE, /* a few, handled one at a time; may take long */
	HTTP_KINDS,
};

struct http_route {
	const char *path;
	http_handler handle;
	enum http_methods methods; /* others: 405 */
	enum http_kind kind;
};
