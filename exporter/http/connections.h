/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connections that are open, so that those who merely sit there never keep others out: beyond
 * the limit, a new connection ends those that have been idle for longest, and for a second at the
 * least, lest it be one whose request has not been read yet. Idle is a connection without a
 * complete request, one that sends its headers slowly included.
 */
#ifndef HTTP_CONNECTIONS_H
#define HTTP_CONNECTIONS_H

#include <pthread.h>

#include "base/util.h"

struct web_peer;

struct connection {
	struct connection *prev, *next; /* of the idle ones, longest idle first; NULL: busy */
	int fd;
	double since;	       /* idle */
	bool asked;	       /* has had a request */
	bool ended;	       /* by us; not counted any more */
	struct web_peer *peer; /* TLS, or NULL; the owner's business */
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
/* A request begins, and is over. c may be NULL. */
void connections__busy(struct connections *cs, struct connection *c);
void connections__idle(struct connections *cs, struct connection *c);
/* Whether there is one so young that its first request may still be on its way. */
bool connections__expecting(struct connections *cs);
/* While the descriptor is still open. Returns ->peer. */
struct web_peer *connections__remove(struct connections *cs, struct connection *c);

#endif /* HTTP_CONNECTIONS_H */
