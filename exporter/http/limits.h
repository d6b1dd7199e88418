/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounds what clients can make the server hold: concurrent requests, and bytes of answers that are
 * not sent yet. A request holds its place from when it is worked on until its last byte is sent, so
 * the limits are about clients that do not read. A reload also holds one while it waits.
 */
#pragma once

#include <pthread.h>

#include "http/route.h"

struct http_limits {
	unsigned max_requests; /* scrapes; 0: no limit */
	pthread_mutex_t lock;
	unsigned running[HTTP_KINDS];
	uint64_t bytes; /* of answers that are being sent */
	uint64_t peak;	/* the most bytes since memory was last given back to the system */
};

/* What one request holds; zeroed at first. */
struct http_held {
	enum http_kind kind; /* HTTP_SMALL: no place */
	uint64_t bytes;
};

void http_limits__init(struct http_limits *l, unsigned max_requests);
void http_limits__destroy(struct http_limits *l);
/* Takes a place of this kind. False: there is none, and *res says so. */
bool http_limits__take(struct http_limits *l, struct http_held *held, enum http_kind kind,
		       struct http_response *res);
/* Adds the body of *res to the budget. If it does not fit, *res says so instead. */
void http_limits__charge(struct http_limits *l, struct http_held *held, struct http_response *res);
void http_limits__give_back(struct http_limits *l, const struct http_held *held);
/* Returns free heap memory to the system after large answers. */
void http_limits__trim(struct http_limits *l);
