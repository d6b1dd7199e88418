/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "base/channel.h"
#include "process/scrape.h"
#include "http/http.h"
#include "base/log.h"
#include "pages/pages.h"
#include "process/privs.h"
#include "base/self.h"
#include "process/served.h"
#include "base/shared.h"
#include "access/access.h"
#include "access/broker.h"

#define BEAT_MS	 1000
#define EARLY_MS 1500

struct server {
	struct served served;
	struct http *http;
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

static bool ready(void *ctx)
{
	return ((struct server *)ctx)->served.ready;
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

/* Most starts do not take as long as that. */
static bool is_ended_within(const struct server *s, int signals, int ms)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = s->served.channels[SERVED_END], .events = POLLRDHUP } };

	return poll(fds, ARRAY_SIZE(fds), ms) > 0;
}

static void await_end(const struct server *s, int signals)
{
	struct channel life = { .fd = s->served.channels[SERVED_END] };
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = s->served.channels[SERVED_END], .events = POLLRDHUP } };

	while (poll(fds, ARRAY_SIZE(fds), BEAT_MS) <= 0 || !(fds[0].revents | fds[1].revents))
		show_sign_of_life(&life, s->http);
}

static int fail(char *error)
{
	log_error("the server cannot start: %s", error);
	free(error);
	return 1;
}

/* Read once, and kept nowhere else. */
static int take_web_texts(int fd, size_t len, struct buf *out)
{
	const void *texts = fd < 0 ? NULL : shared__map(fd, len);

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
		.reload = served->web.lifecycle ? reload : NULL,
	};
	struct pages *pages = pages__new(&served->web, &source);
	char *error = NULL;
	int err;

	s->web_source = (struct web_source){ web_broker__look, &s->web };
	s->web.channel.fd = served->channels[SERVED_WEB];
	s->web.patience = WEB_BROKER_PATIENCE;
	s->reload.fd = served->channels[SERVED_RELOAD];
	s->collector = collector__new(served, served->channels[SERVED_REFRESH]);
	s->http = http__adopt(&served->web, served->tls, served->listeners, served->nlisteners);
	http__set_web_source(s->http, &s->web_source);
	if (http__start(s->http, pages__routes(pages), pages, &error))
		return fail(error);
	err = privs__settle();
	if (err)
		return fail(xasprintf("its threads cannot be confined: %s", strerror(-err)));
	if (served->ready)
		http__announce(s->http);
	await_end(s, signals);
	http__quiesce(s->http);
	close(served->channels[SERVED_END]); /* the attacher may wait for that */
	http__free(s->http);
	pages__free(pages);
	collector__free(s->collector);
	return 0;
}

bool server__is_meant(int argc, char *const argv[])
{
	return argc > 0 && !strcmp(argv[0], SERVER_NAME);
}

/*
 * What it has been given may be read with no privileges: whoever else starts it so, of a program
 * that has some by its file, gets nowhere. Once that is mapped, there is no need for descriptors to
 * be mapped any more.
 */
static int begin(struct server *s, int image, uint64_t size)
{
	__cleanup_free int *listeners = NULL;
	int err = privs__renounce();

	if (err)
		return fail(xasprintf("its privileges cannot be dropped: %s", strerror(-err)));
	err = take_over(s, image, size);
	if (err)
		return fail(xasprintf("it cannot begin: %s", strerror(-err)));
	listeners = xcalloc(s->served.nlisteners, sizeof(*listeners));
	for (size_t i = 0; i < s->served.nlisteners; i++)
		listeners[i] = s->served.listeners[i].fd;
	err = privs__filter(listeners, s->served.nlisteners);
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
	prctl(PR_SET_NAME, "retprobe_export"); /* executed by a descriptor, it has another */
	signals = open_signals();
	code = begin(&server, image, head.size);
	if (!code && (server.served.ready || !is_ended_within(&server, signals, EARLY_MS)))
		code = serve(&server, signals);
	served__free(&server.served);
	return code;
}
