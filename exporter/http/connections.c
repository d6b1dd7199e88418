/* SPDX-License-Identifier: GPL-2.0-only */
#include "http/connections.h"

#include <sys/socket.h>

#include "base/clock.h"

#define IDLE_MIN 1.0 /* seconds */

static void ring__unlink(struct connection *c)
{
	if (!c->next)
		return;
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->prev = c->next = NULL;
}

static void ring__append(struct connection *head, struct connection *c)
{
	c->prev = head->prev;
	c->next = head;
	c->prev->next = c;
	head->prev = c;
}

void connections__init(struct connections *cs, size_t limit)
{
	pthread_mutex_init(&cs->lock, NULL);
	cs->idle.prev = cs->idle.next = &cs->idle;
	cs->limit = limit;
}

void connections__destroy(struct connections *cs)
{
	pthread_mutex_destroy(&cs->lock);
}

static void make_idle(struct connections *cs, struct connection *c, double now)
{
	c->since = now;
	ring__append(&cs->idle, c);
}

/* The library notices the shutdown and closes the connection. */
static void end_longest_idle(struct connections *cs, double now)
{
	while (cs->n > cs->limit) {
		struct connection *c = cs->idle.next;

		if (c == &cs->idle || now - c->since < IDLE_MIN)
			return;
		ring__unlink(c);
		c->ended = true;
		cs->n--;
		shutdown(c->fd, SHUT_RDWR);
	}
}

struct connection *connections__add(struct connections *cs, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	double now = monotonic_seconds();

	if (!c)
		return NULL;
	c->fd = fd;
	pthread_mutex_lock(&cs->lock);
	cs->n++;
	end_longest_idle(cs, now);
	make_idle(cs, c, now);
	pthread_mutex_unlock(&cs->lock);
	return c;
}

void connections__busy(struct connections *cs, struct connection *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&cs->lock);
	ring__unlink(c);
	c->asked = true;
	pthread_mutex_unlock(&cs->lock);
}

bool connections__expecting(struct connections *cs)
{
	double now = monotonic_seconds();
	bool expecting = false;

	pthread_mutex_lock(&cs->lock);
	for (struct connection *c = cs->idle.prev;
	     c != &cs->idle && now - c->since < IDLE_MIN && !expecting; c = c->prev)
		expecting = !c->asked;
	pthread_mutex_unlock(&cs->lock);
	return expecting;
}

void connections__idle(struct connections *cs, struct connection *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&cs->lock);
	if (!c->ended)
		make_idle(cs, c, monotonic_seconds());
	pthread_mutex_unlock(&cs->lock);
}

struct web_peer *connections__remove(struct connections *cs, struct connection *c)
{
	struct web_peer *peer = c->peer;

	pthread_mutex_lock(&cs->lock);
	ring__unlink(c);
	cs->n -= !c->ended;
	pthread_mutex_unlock(&cs->lock);
	free(c);
	return peer;
}
