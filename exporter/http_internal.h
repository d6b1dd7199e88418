/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the HTTP server share; nobody else includes this. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>

#include "http.h"
#include "http_connections.h"
#include "web.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result mhd_result;
#else
typedef int mhd_result;
#endif

struct http {
	struct listener *listeners;
	size_t nlisteners;
	struct MHD_Daemon **daemons; /* by listener; NULL before http__start() */
	const struct http_route *routes;
	void *ctx;
	unsigned max_requests;
	struct web *web; /* NULL: no web configuration file */
	const struct web_source *web_source;
	struct connections connections;

	pthread_mutex_t lock;
	bool quiesced;
	size_t active;	  /* requests begun and not completed */
	unsigned limited; /* those of them that count against max_requests */
};

/* From the first byte of a request's headers to the last byte of its answer. */
struct request {
	struct MHD_Connection *c;
	struct connection *connection;
	bool limited;
	size_t uploaded;
	bool entered;	       /* past the web configuration, or refused by it */
	int refused;	       /* by it or for the request's form: the status, or 0 */
	const char *malformed; /* why, static; its connection ends with the answer */
	struct web_visit visit;
};

/* ---- http.c: one request after the other ---- */

mhd_result http__on_request(void *cls, struct MHD_Connection *c, const char *url,
			    const char *method, const char *version, const char *upload,
			    size_t *upload_size, void **con_cls);
void http__on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
			enum MHD_RequestTerminationCode why);

/* ---- http_refuse.c ---- */

/* The context of a request whose query is too long to be parsed, from http__on_uri(). */
extern const struct request http_long_query;
void *http__on_uri(void *cls, const char *uri, struct MHD_Connection *c);
/* The status to refuse a request with for its form, and *why (static); 0: it is well-formed. */
int http__refuse_form(struct MHD_Connection *c, const char *version, const void *context,
		      const char **why);
/* Whether a browser sends it for a page of another site. */
bool http__is_cross_site(struct MHD_Connection *c);

/* ---- http_response.c ---- */

/* The body as one gzip member; false, and no change, if that is not to be had. */
bool http_body__gzip(struct buf *body);

#endif /* HTTP_INTERNAL_H */
