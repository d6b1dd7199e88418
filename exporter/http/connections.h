/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open connections. At the limit, a new connection closes the longest idle connection, so idle
 * clients never keep others out. A connection is closed only after a second without activity,
 * because its request may not have been read yet. A connection without a complete request is idle,
 * even if it slowly sends headers.
 */
#pragma once

#include <pthread.h>

#include "base/util.h"

struct web_peer;

struct connection {
	struct connection *prev, *next; /* idle connections, longest idle first; NULL: busy */
	int fd;
	double since;	       /* idle since */
	bool asked;	       /* has had a request */
	bool ended;	       /* shut down by us, and no longer counted */
	struct web_peer *peer; /* TLS, or NULL; set by the caller */
};

struct connections {
	pthread_mutex_t lock;
	struct connection idle; /* head of the ring */
	size_t n, limit;
};

void connections__init(struct connections *cs, size_t limit);
void connections__destroy(struct connections *cs);
/* Idle at first. NULL without memory. */
struct connection *connections__add(struct connections *cs, int fd);
/* A request begins, or ends. c may be NULL. */
void connections__busy(struct connections *cs, struct connection *c);
void connections__idle(struct connections *cs, struct connection *c);
/* Whether a new connection's first request may still arrive. */
bool connections__expecting(struct connections *cs);
/* Call it while the descriptor is open. Returns ->peer. */
struct web_peer *connections__remove(struct connections *cs, struct connection *c);
