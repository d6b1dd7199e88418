/* SPDX-License-Identifier: GPL-2.0-only */
/* One request after the other: the library's callbacks, and the state that they need. */
#pragma once

#include "access/access.h"
#include "http/connections.h"
#include "http/limits.h"
#include "http/loop.h"
#include "http/route.h"
#include "http/workers.h"

/* The part of a server that requests use. */
struct http_requests {
	struct http_loop *loops; /* by listener */
	struct http_workers readers, changers;
	const struct http_route *routes;
	void *ctx;	 /* for the handlers */
	struct web *web; /* NULL: no web configuration file */
	struct connections connections;
	struct http_limits limits;

	pthread_mutex_t lock;
	bool quiesced;
	size_t active; /* requests begun and not completed */
};

/* cls is the struct http_requests. */
mhd_result http_requests__on_request(void *cls, struct MHD_Connection *c, const char *url,
				     const char *method, const char *version, const char *upload,
				     size_t *upload_size, void **con_cls);
void http_requests__on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
				 enum MHD_RequestTerminationCode why);
