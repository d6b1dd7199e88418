/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the HTTP server share; nobody else includes this. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"
#include "http/connections.h"
#include "http/workers.h"
#include "access/access.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result mhd_result;
#else
typedef int mhd_result;
#endif

/* A listening socket at work: the library's daemon, and the thread that runs it. */
struct http_loop {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int epoll, wake; /* what to wait for; -1: none */
	bool started;
	atomic_bool stopping;
	atomic_uint turns;
	unsigned turns_seen;
};

struct http {
	struct listener *listeners;
	size_t nlisteners;
	struct http_loop *loops; /* by listener; NULL before http__start() */
	struct http_workers readers, changers;
	const struct http_route *routes;
	void *ctx;
	unsigned max_requests;
	struct web *web; /* NULL: no web configuration file */
	const struct web_source *web_source;
	struct connections connections;

	pthread_mutex_t lock;
	bool quiesced;
	size_t active;		      /* requests begun and not completed */
	unsigned running[HTTP_KINDS]; /* those of them that are limited */
	uint64_t bytes,
		peak; /* of bodies that are being sent; the most since memory was given back */
};

/* From the first byte of a request's headers to the last byte of its answer. */
struct request {
	struct http *http;
	struct http_loop *loop;
	struct MHD_Connection *c;
	struct connection *connection;
	size_t uploaded;
	bool entered;	       /* past the web configuration, or refused by it */
	int refused;	       /* by it or for the request's form: the status, or 0 */
	const void *target;    /* context from http__on_uri() */
	const char *malformed; /* why, static; its connection ends with the answer */
	struct web_visit visit;

	enum http_kind kind; /* of which it holds a place; or HTTP_SMALL */
	uint64_t bytes;	     /* of the budget */
	const struct http_route *route;
	struct http_request asked;
	struct buf functions; /* of that */
	bool gzip;	      /* is accepted */
	struct http_job job;
	bool answered; /* res is there */
	struct http_response res;
	const char *allow; /* header, or NULL */
};

/* ---- http/http.c: one request after the other ---- */

mhd_result http__on_request(void *cls, struct MHD_Connection *c, const char *url,
			    const char *method, const char *version, const char *upload,
			    size_t *upload_size, void **con_cls);
void http__on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
			enum MHD_RequestTerminationCode why);

/* ---- http/refuse.c ---- */

/* The status to refuse a request with for its framing, and *why (static); 0: it is well-formed. */
int http__refuse_form(struct MHD_Connection *c, const char *version, const char **why);
/* Whether a browser sends it for a page of another site. */
bool http__is_cross_site(struct MHD_Connection *c);

/* ---- http/target.c ---- */

/* Before the library parses and decodes the target. Returns the context of the request to come. */
void *http__on_uri(void *cls, const char *target, struct MHD_Connection *c);
/* Whether the context is that one, and there is no request yet. */
bool http_target__is_context(const void *context);
/* The status to refuse the decoded target with, and *why (static); 0: it is well-formed. */
int http_target__refuse(const void *context, const char *url, const char *method, const char **why);
/* Whether it means the server rather than a path: OPTIONS *, CONNECT. */
bool http_target__is_servers(const char *url, const char *method);
/* The path of a target that is not refused. */
const char *http_target__path(const void *context, const char *url);

/* ---- http/limits.c ---- */

/* A place among those of this kind: whether there is one. If not, the answer says so. */
bool http_limits__take(struct http *h, struct request *r, enum http_kind kind);
/* The body counts from now on, unless the budget has no room, which the answer then says. */
void http_limits__charge(struct http *h, struct request *r);
void http_limits__give_back(struct http *h, const struct request *r);
/* Large bodies leave holes that the heap keeps. */
void http_limits__trim(struct http *h);

/* ---- http/loop.c ---- */

/* The daemon must not have threads of its own. 0 or a negative errno; to be stopped in any case. */
int http_loop__start(struct http_loop *l, struct MHD_Daemon *daemon);
/* A connection that has been suspended, by any thread. */
void http_loop__resume(struct http_loop *l, struct MHD_Connection *c);
/* Whether it has gone round since the last call. */
bool http_loop__is_alive(struct http_loop *l);
/* Ends the thread, then the daemon. Zeroed is fine. */
void http_loop__stop(struct http_loop *l);

/* ---- http/response.c ---- */

/* The body as one gzip member; false, and no change, if that is not to be had. */
bool http_body__gzip(struct buf *body);

#endif /* HTTP_INTERNAL_H */
