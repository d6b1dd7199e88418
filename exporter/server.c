/* SPDX-License-Identifier: GPL-2.0-only */
#include "server.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "channel.h"
#include "collect.h"
#include "log.h"
#include "pages.h"
#include "privs.h"
#include "self.h"
#include "web.h"
#include "web_broker.h"

#define SOCKETS_MAX 64
#define BEAT_MS	    1000

struct server {
	struct collector *collector;
	struct channel reload;
	struct web_broker web;
	struct web_source web_source;
};

static int acquire(void *ctx, double deadline, struct metrics_input *in)
{
	return collector__acquire(((struct server *)ctx)->collector, deadline, in);
}

static void release(void *ctx, struct metrics_input *in)
{
	collector__release(((struct server *)ctx)->collector, in);
}

/* Nothing is served before everything is attached. */
static bool ready(void *ctx)
{
	return true;
}

/* One at a time. */
static int reload(void *ctx, char **error)
{
	struct server *s = ctx;
	__cleanup_buf struct buf answer = {};
	int status = 0, err;

	err = channel__call(&s->reload, CHANNEL_RELOAD, CHANNEL_FOREVER, &status, &answer);
	if (!err && !status)
		return 0;
	*error = err ? xasprintf("the attacher does not answer: %s", strerror(-err))
		     : xstrndup(answer.data ? answer.data : "", answer.len);
	return err ? err : status;
}

static int open_signals(void)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	return signalfd(-1, &stop, SFD_CLOEXEC);
}

/* Only while requests are answered, too. Nobody waits for the answer; while there is none, the
 * attacher is busy, and is told nothing else. */
static void show_sign_of_life(struct channel *life, struct http *h)
{
	__cleanup_buf struct buf none = {};
	int status;

	if (http__is_alive(h))
		channel__call(life, CHANNEL_ALIVE, 0, &status, &none);
}

static void await_end(const struct server_setup *s, int signals)
{
	struct channel life = { .fd = s->end };

	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = s->end, .events = POLLRDHUP } };

	while (poll(fds, ARRAY_SIZE(fds), BEAT_MS) <= 0 || !(fds[0].revents | fds[1].revents))
		show_sign_of_life(&life, s->http);
}

/* Keeps what it needs, and no more. */
static int confine(const struct server_setup *s, int signals)
{
	int keep[SOCKETS_MAX + 6];
	size_t n = http__sockets(s->http, keep, SOCKETS_MAX), nlisteners = n;

	keep[n++] = s->refresh;
	keep[n++] = s->reload;
	keep[n++] = s->end;
	keep[n++] = s->web;
	keep[n++] = signals;
	keep[n++] = log__descriptor();
	privs__close_others(keep, n);
	return privs__confine(keep, nlisteners);
}

static int fail(char *error)
{
	log_error("the server cannot start: %s", error);
	free(error);
	return 1;
}

int server__run(const struct server_setup *s)
{
	struct server server = {
		.reload.fd = s->reload,
		.web.channel.fd = s->web,
		.web.patience = WEB_BROKER_PATIENCE,
		.web.first = s->web_texts,
		.web_source = { web_broker__look, &server.web },
	};
	struct pages_source source = {
		.ctx = &server,
		.acquire = acquire,
		.release = release,
		.ready = ready,
		.reload = s->config->lifecycle ? reload : NULL,
	};
	struct pages *pages;
	int signals = open_signals(), err;
	char *error = NULL;

	/* One heap for all threads: what one scrape has freed, the next uses, whoever serves it. */
	mallopt(M_ARENA_MAX, 1);
	err = self__join();
	if (err)
		return fail(xasprintf("it cannot begin: %s", strerror(-err)));
	err = confine(s, signals);
	if (err)
		return fail(xasprintf("its privileges cannot be dropped: %s", strerror(-err)));
	server.collector = collector__new(s->view, s->refresh);
	pages = pages__new(s->config, &source);
	http__set_web_source(s->http, &server.web_source);
	if (http__start(s->http, pages__routes(pages), pages, &error))
		return fail(error);
	err = privs__settle();
	if (err)
		return fail(xasprintf("its threads cannot be confined: %s", strerror(-err)));
	await_end(s, signals);
	http__quiesce(s->http);
	close(s->end); /* the attacher may wait for that */
	http__free(s->http);
	pages__free(pages);
	collector__free(server.collector);
	return 0;
}
