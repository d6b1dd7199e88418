/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmicrohttpd only: sockets, methods, limits, compression. Knows nothing of BPF or of metrics:
 * pages come from a table of handlers.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/buf.h"
#include "config/config.h"
#include "base/fault.h"
#include "base/util.h"

struct http;
struct web_source; /* access/access.h */
struct listener;   /* http/sockets.h */

/* A request as a handler sees it. */
struct http_request {
	const char *path;
	const char *accept;	      /* header, or NULL */
	double timeout;		      /* X-Prometheus-Scrape-Timeout-Seconds, or 0 */
	double arrived;		      /* monotonic seconds */
	const char *const *functions; /* values of function[] (and function), in order */
	size_t nfunctions;
};

struct http_response {
	int code;		  /* 200 unless set */
	const char *content_type; /* static */
	struct buf body;
	const char *vary;     /* static, or NULL */
	bool compressible;    /* gzip it if the client accepts that */
	bool compressed;      /* the server's affair */
	unsigned retry_after; /* seconds; 0: no such header */
};

/* Replaces whatever the response has with a line of plain text. */
void http_response__text(struct http_response *res, int code, const char *fmt, ...)
	__printf_like(3, 4);

typedef void (*http_handler)(void *ctx, const struct http_request *req, struct http_response *res);

enum http_methods {
	HTTP_READ,  /* GET and HEAD */
	HTTP_WRITE, /* POST and PUT */
};

/* How many there may be at a time (more: 503), and what else a request waits for. */
enum http_kind {
	HTTP_SMALL,  /* any number; answered at once, so the handler must neither wait nor work */
	HTTP_SCRAPE, /* max_requests */
	HTTP_PAGE,   /* a fixed number: what people look at */
	HTTP_CHANGE, /* a few, handled one after the other: takes whatever time */
	HTTP_KINDS,
};

struct http_route {
	const char *path;
	http_handler handle;
	enum http_methods methods; /* others: 405 */
	enum http_kind kind;
};

/* Whether --web.config.file is in order, with all that it names. Binds nothing, starts nothing. */
int http__check(const struct web_config *c, char **error);
/*
 * Reads the web configuration file and binds every address at once, so that a taken port is known
 * before anything is attached; nothing is served until http__start(). A fault comes with *error
 * (one line, to be freed): the address and what to do next.
 */
enum fault http__bind(const struct web_config *c, struct http **out, char **error);
/* The same of sockets that another process has bound, and handed to this one; no file is read. */
struct http *http__adopt(const struct web_config *c, bool tls, const struct listener *v, size_t n);
const struct listener *http__listeners(const struct http *h, size_t *n);
bool http__tls(const struct http *h);
/* Who looks at what --web.config.file names, from http__start() on; borrowed. Unless told, it is
 * this process itself. */
void http__set_web_source(struct http *h, const struct web_source *source);
/* Makes threads. routes end with a NULL path and must outlive http; ctx goes to every handler. */
int http__start(struct http *h, const struct http_route *routes, void *ctx, char **error);
/* Logs where it listens. */
void http__announce(const struct http *h);
/* Sockets that have ceased to listen, which any process that shares them can do to them, listen
 * again. 0, or a negative errno: one of them does not; each change is logged. */
int http__mend_sockets(struct http *h);
/* Whether the threads have made progress since the last call: to be asked about once a second. Also
 * gives memory back that large answers have left. */
bool http__is_alive(struct http *h);
/* The port that address i is bound to (":0" lets the kernel choose). */
int http__port(const struct http *h, size_t i);
/* Takes no more connections; those that there are end with their next answer. Twice is fine. */
void http__quiesce(struct http *h);
/* That, waits (a few seconds at most) for requests under way, closes. NULL is fine. */
void http__free(struct http *h);

#endif /* HTTP_HTTP_H */
