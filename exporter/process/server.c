/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "base/channel.h"
#include "process/scrape.h"
#include "http/http.h"
#include "base/log.h"
#include "pages/history.h"
#include "pages/pages.h"
#include "process/confine.h"
#include "process/seccomp.h"
#include "base/self.h"
#include "process/served.h"
#include "base/shared_memory.h"
#include "access/access.h"
#include "access/broker.h"

#define BEAT_MS	 1000
#define EARLY_MS 1500

struct server {
	struct served served;
	struct http *http;
	struct scraper *scraper;
	struct channel reload;
	struct channel calls;
	pthread_mutex_t calls_lock;
	struct history *history;
	struct web_broker web;
	struct web_source web_source;
};

static int acquire(void *ctx, double deadline, struct metrics_input *in)
{
	return scraper__acquire(((struct server *)ctx)->scraper, deadline, in);
}

static void release(void *ctx, struct metrics_input *in)
{
	scraper__release(((struct server *)ctx)->scraper, in);
}

static bool ready(void *ctx)
{
	return ((struct server *)ctx)->served.ready;
}

/* Called for one request at a time. */
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

#define CALLS_PATIENCE 10.0 /* seconds */

static int ask(struct server *s, enum channel_op what, struct buf *out)
{
	__cleanup_buf struct buf late = {};
	int status = 0, err;

	/* An answer that came too late is of no use. */
	err = channel__settle(&s->calls, CALLS_PATIENCE, &status, &late);
	if (!err)
		err = channel__call(&s->calls, what, CALLS_PATIENCE, &status, out);
	return err ? err : status;
}

/* Requests take turns. */
static int ask_in_turn(struct server *s, enum channel_op what, struct buf *out)
{
	int err;

	pthread_mutex_lock(&s->calls_lock);
	err = ask(s, what, out);
	pthread_mutex_unlock(&s->calls_lock);
	return err;
}

static int calls(void *ctx, struct buf *out)
{
	return ask_in_turn(ctx, CHANNEL_CALLS, out);
}

static int samples(void *ctx, struct buf *out)
{
	return ask_in_turn(ctx, CHANNEL_SAMPLES, out);
}

static int open_signals(void)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	return signalfd(-1, &stop, SFD_CLOEXEC);
}

/* Only if the HTTP server makes progress. Does not wait for the answer; until it comes, the
 * attacher is busy and gets no further sign of life. */
static void show_sign_of_life(struct channel *life, struct http *h)
{
	__cleanup_buf struct buf none = {};
	int status;

	if (http__is_alive(h))
		channel__call(life, CHANNEL_ALIVE, 0, &status, &none);
}

/* Whether the server is told to end within ms. */
static bool is_ended_within(const struct server *s, int signals, int ms)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = s->served.channels[SERVED_END], .events = POLLRDHUP } };

	return poll(fds, ARRAY_SIZE(fds), ms) > 0;
}

static void await_end(const struct server *s, int signals)
{
	struct channel life = { .fd = s->served.channels[SERVED_END] };

	while (!is_ended_within(s, signals, BEAT_MS))
		show_sign_of_life(&life, s->http);
}

static int fail(char *error)
{
	log_error("the server cannot start: %s", error);
	free(error);
	return 1;
}

/* Reads the texts once; no other copy is kept. */
static int take_web_texts(int fd, size_t len, struct buf *out)
{
	const void *texts = fd < 0 ? NULL : shared_memory__map(fd, len);

	if (fd < 0)
		return 0;
	close(fd);
	if (!texts)
		return -errno;
	buf__append(out, texts, len);
	munmap((void *)texts, len);
	return out->failed ? -ENOMEM : 0;
}

static int take_over(struct server *s, int image, uint64_t size)
{
	int err = served__read(image, size, &s->served);

	if (!err)
		err = self__join(s->served.told, s->served.counted);
	if (!err)
		s->history = history__join(s->served.history);
	if (!err)
		err = take_web_texts(s->served.web_texts, s->served.web_texts_len, &s->web.first);
	return err;
}

static int serve(struct server *s, int signals)
{
	const struct served *served = &s->served;
	struct pages_source source = {
		.ctx = s,
		.acquire = acquire,
		.release = release,
		.ready = ready,
		.calls = calls,
		.samples = samples,
		.history = s->history,
		.reload = served->web.lifecycle ? reload : NULL,
	};
	struct pages *pages = pages__new(&served->web, &source);
	char *error = NULL;
	int err;

	s->web_source = (struct web_source){ web_broker__look, &s->web };
	s->web.channel.fd = served->channels[SERVED_WEB];
	s->web.patience = WEB_BROKER_PATIENCE;
	s->reload.fd = served->channels[SERVED_RELOAD];
	s->calls.fd = served->channels[SERVED_CALLS];
	pthread_mutex_init(&s->calls_lock, NULL);
	s->scraper = scraper__new(served, served->channels[SERVED_REFRESH]);
	s->http = http__adopt(&served->web, served->tls, served->listeners, served->nlisteners);
	http__set_web_source(s->http, &s->web_source);
	if (http__start(s->http, pages__routes(pages), pages, &error))
		return fail(error);
	err = seccomp__forbid_threads();
	if (err)
		return fail(xasprintf("its threads cannot be confined: %s", strerror(-err)));
	if (served->ready)
		http__announce(s->http);
	await_end(s, signals);
	http__quiesce(s->http);
	close(served->channels[SERVED_END]); /* tells the attacher that we take no more connections
					      */
	http__free(s->http);
	pages__free(pages);
	scraper__free(s->scraper);
	history__free(s->history);
	return 0;
}

bool server__is_meant(int argc, char *const argv[])
{
	return argc > 0 && !strcmp(argv[0], SERVER_NAME);
}

/*
 * The data is read without privileges. So a user who starts a setuid or setcap program as a server
 * gains nothing. System calls are limited after the data is mapped: descriptors need not be mapped
 * later.
 */
static int begin(struct server *s, int image, uint64_t size)
{
	__cleanup_free int *listeners = NULL;
	int err = confine__drop_privileges();

	if (err)
		return fail(xasprintf("its privileges cannot be dropped: %s", strerror(-err)));
	err = take_over(s, image, size);
	if (err)
		return fail(xasprintf("it cannot begin: %s", strerror(-err)));
	listeners = xcalloc(s->served.nlisteners, sizeof(*listeners));
	for (size_t i = 0; i < s->served.nlisteners; i++)
		listeners[i] = s->served.listeners[i].fd;
	err = seccomp__limit_calls(listeners, s->served.nlisteners);
	if (err)
		return fail(xasprintf("its privileges cannot be dropped: %s", strerror(-err)));
	return 0;
}

int server__main(int argc, char *const argv[])
{
	int image = argc == 2 ? atoi(argv[1]) : -1, signals, code;
	struct server server = {};
	struct served_head head;

	if (served__read_head(image, &head)) {
		fprintf(stderr, "retprobe_exporter: error: a server is started by the exporter "
				"itself, and not by hand\n");
		return 2;
	}
	log__setup(head.log_level, head.log_format);
	log__to_attacher();
	prctl(PR_SET_NAME, "retprobe_export"); /* execution by a descriptor sets another name */
	signals = open_signals();
	code = begin(&server, image, head.size);
	if (!code && (server.served.ready || !is_ended_within(&server, signals, EARLY_MS)))
		code = serve(&server, signals);
	served__free(&server.served);
	return code;
}
