/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmicrohttpd only: sockets, methods, limits, compression. Knows nothing of BPF or of metrics:
 * pages come from a table of handlers.
 */
#ifndef HTTP_H
#define HTTP_H

#include "buf.h"
#include "config.h"
#include "util.h"

struct http;

/* A request as a handler sees it. */
struct http_request {
	const char *path;
	const char *accept; /* header, or NULL */
	double timeout;	    /* X-Prometheus-Scrape-Timeout-Seconds, or 0 */
	const char *const *functions; /* values of function[] (and function), in order */
	size_t nfunctions;
};

struct http_response {
	int code;			/* 200 unless set */
	const char *content_type;	/* static */
	struct buf body;
	bool compressible;		/* gzip it if the client accepts that */
};

typedef void (*http_handler)(void *ctx, const struct http_request *req, struct http_response *res);

struct http_route {
	const char *path;
	http_handler handle;
	bool limited; /* counts against max_requests */
};

/*
 * Binds every address at once, so that a taken port is known before anything is attached; nothing
 * is served until http__start(). On failure returns a negative errno and *error (one line, to be
 * freed): the address and what to do next.
 */
int http__bind(const struct web_config *c, struct http **out, char **error);
/* routes end with a NULL path and must outlive http; ctx goes to every handler. */
int http__start(struct http *h, const struct http_route *routes, void *ctx, char **error);
/* Waits for requests under way, closes. NULL is fine. */
void http__free(struct http *h);

#endif /* HTTP_H */
