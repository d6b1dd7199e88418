/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server serves one probe table. When the table changes, a new server is started with the new
 * table, and the old server is told to end (process/servers.h). The answer to a reload is sent when
 * no old server takes connections any more, so a client that gets it sees the new table.
 */
#include "process/attacher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "access/broker.h"
#include "base/clock.h"
#include "base/image.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/sd_notify.h"
#include "base/self.h"
#include "base/stop.h"
#include "config/config_watch.h"
#include "pages/history.h"
#include "probes/sampled.h"
#include "process/servers.h"

#define TICK	1.0
#define UNHEARD 20.0 /* seconds without a sign of life; then the watchdog is not fed either */

struct attacher {
	const struct attacher_setup *setup;
	struct servers servers;
	int signals;
	unsigned turn;	 /* which request is looked at first */
	double sampling; /* seconds until samples are to be fetched; negative: there are none */
	bool reloaded;	 /* a reload of our own is done, and systemd is still to be told */
};

/* ---- requests of servers --------------------------------------------------------------------- */

static void refresh(struct attacher *a, struct child *c, const struct channel_request *request)
{
	struct servers *s = &a->servers;
	int err = reconcile__update(a->setup->reconcile, monotonic_seconds());
	__cleanup_buf struct buf updates = {}, answer = {};
	struct image io = { .out = &answer };
	pid_t pids[SERVERS_MAX];

	sampled__take(a->setup->reconcile, monotonic_seconds());
	reconcile__scan(a->setup->reconcile, monotonic_seconds());
	for (size_t i = 0; i < s->n; i++)
		pids[i] = s->v[i].pid;
	self__note_processes(pids, s->n);
	child__write_updates(c, reconcile__table(s->reconcile), &updates);
	image__block(&io, (const char **)&updates.data, &updates.len);
	child__write_exemplars(c, s->reconcile, &answer);
	if (answer.failed || updates.failed)
		err = -ENOMEM;
	if (channel__answer(&c->channels[SERVED_REFRESH], request, err, answer.data,
			    err == -ENOMEM ? 0 : answer.len))
		child__expel(c);
}

static void tell_calls(struct attacher *a, struct child *c, const struct channel_request *request)
{
	__cleanup_buf struct buf report = {};

	reconcile__scan(a->setup->reconcile, monotonic_seconds());
	reconcile__write_calls(a->setup->reconcile, &report);
	if (channel__answer(&c->channels[SERVED_CALLS], request, report.failed ? -ENOMEM : 0,
			    report.data, report.failed ? 0 : report.len))
		child__expel(c);
}

static void tell_samples(struct attacher *a, struct child *c, const struct channel_request *request)
{
	__cleanup_buf struct buf report = {};

	sampled__write(a->setup->reconcile, monotonic_seconds(), &report);
	if (channel__answer(&c->channels[SERVED_CALLS], request, report.failed ? -ENOMEM : 0,
			    report.data, report.failed ? 0 : report.len))
		child__expel(c);
}

static enum fault reload(struct attacher *a, bool *changed, char **error)
{
	enum fault fault = FAULT_CONFIG;
	struct config *c;

	config_watch__note(a->setup->watch);
	if (!a->setup->read_config(a->setup->ctx, &c, error)) {
		fault = reconcile__configure(a->setup->reconcile, c, changed, error);
		config__free(c);
	}
	self__note_reload(!fault);
	if (fault && stop__signal())
		log_debug("a reload has been given up");
	else if (fault)
		log_error("the configuration stays as it was: %s", *error ? *error : "unknown");
	else
		log_info("the configuration has been reloaded%s",
			 *changed ? "" : ", and nothing has changed");
	return fault;
}

/* Not for a client: by signal, or because the file has changed. */
static void reload_unasked(struct attacher *a)
{
	__cleanup_free char *error = NULL;
	bool changed = false;

	sd_notify__reloading();
	reload(a, &changed, &error);
	if (changed)
		servers__replace(&a->servers);
	a->reloaded = true;
}

static void reload_by_request(struct attacher *a, struct child *c,
			      const struct channel_request *request)
{
	__cleanup_free char *error = NULL;
	bool changed = false;
	pid_t pid = c->pid;
	enum fault fault = FAULT_STOPPING;

	if (a->servers.stopping)
		error = xstrdup(PROGRESS_GIVEN_UP);
	else
		fault = reload(a, &changed, &error);
	c = servers__find(&a->servers, pid); /* others may have died meanwhile */
	if (fault && c &&
	    channel__answer(&c->channels[SERVED_RELOAD], request, -EIO, error,
			    error ? strlen(error) : 0))
		child__expel(c);
	if (changed)
		servers__replace(&a->servers);
	c = servers__find(&a->servers, pid); /* it may have moved or be gone */
	if (!fault && c)
		c->reload = *request;
}

static void answer_reloads(struct attacher *a)
{
	struct servers *s = &a->servers;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].state == CHILD_ENDING && s->v[i].channels[SERVED_END].fd >= 0)
			return;
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->v[i];

		if (c->reload.op &&
		    channel__answer(&c->channels[SERVED_RELOAD], &c->reload, 0, NULL, 0))
			child__expel(c);
		c->reload.op = 0;
	}
	if (a->reloaded)
		sd_notify__ready();
	a->reloaded = false;
}

static void on_request(struct attacher *a, struct child *c, enum served_channel which)
{
	struct channel_peer *p = &c->channels[which];
	struct channel_request request;
	int err = 0;

	if (channel__is_sending(p))
		err = channel__send(p);
	else if (which == SERVED_END)
		err = servers__hear(&a->servers, c);
	else if (which == SERVED_WEB)
		err = web_broker__answer(p, a->servers.web_files, &c->web_known);
	else if (channel__receive(p, &request))
		err = -EPIPE;
	else if (which == SERVED_REFRESH && request.op == CHANNEL_REFRESH)
		refresh(a, c, &request);
	else if (which == SERVED_CALLS && request.op == CHANNEL_CALLS)
		tell_calls(a, c, &request);
	else if (which == SERVED_CALLS && request.op == CHANNEL_SAMPLES)
		tell_samples(a, c, &request);
	else if (which == SERVED_RELOAD && request.op == CHANNEL_RELOAD &&
		 a->setup->web->lifecycle && !c->reload.op)
		reload_by_request(a, c, &request);
	else
		err = -EPROTO;
	if (err == -EAGAIN)
		return;
	if (err && err != -EPROTO && which == SERVED_END)
		channel__close(p); /* takes no more connections */
	else if (err)
		child__expel(c);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void on_signal(struct attacher *a)
{
	struct signalfd_siginfo info;

	if (read(a->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		servers__reap(&a->servers);
		break;
	case SIGHUP:
		if (!a->servers.stopping)
			reload_unasked(a);
		break;
	}
}

/* Whether we are to stop. Servers end while the probes are detached. */
static bool is_stopping(struct attacher *a)
{
	struct servers *s = &a->servers;

	if (!stop__signal() || s->stopping)
		return s->stopping;
	log_info("stopping on signal %d", stop__signal());
	s->stopping = true;
	s->respawn_at = 0;
	a->reloaded = false;
	sd_notify__stopping();
	servers__end(s);
	return true;
}

static void feed_watchdog(const struct servers *s)
{
	bool early = !s->ready && !s->n; /* no server yet */

	if (early || monotonic_seconds() - s->heard < UNHEARD)
		sd_notify__alive();
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Runs while something takes long. The servers keep serving the same probe table meanwhile. */
static bool on_progress(void *ctx)
{
	struct attacher *a = ctx;
	struct servers *s = &a->servers;

	for (size_t i = 0; i < s->n; i++)
		if (is_readable(s->v[i].channels[SERVED_END].fd))
			on_request(a, &s->v[i], SERVED_END);
	servers__reap(s);
	servers__respawn(s);
	feed_watchdog(s);
	return is_stopping(a);
}

static bool on_progress_at_the_end(void *ctx)
{
	sd_notify__alive();
	return false;
}

/* Milliseconds until the next timed action. */
static int patience(const struct attacher *a)
{
	const struct servers *s = &a->servers;
	double left = s->respawn_at ? s->respawn_at - monotonic_seconds() : TICK;

	left = left < 0 ? 0 : left > TICK ? TICK : left;
	if (a->sampling >= 0 && left > a->sampling)
		left = a->sampling;
	return (int)(left * 1000) + (left > 0);
}

static struct pollfd awaited(const struct channel_peer *p)
{
	return (struct pollfd){ .fd = p->fd, .events = channel__is_sending(p) ? POLLOUT : POLLIN };
}

/* One request or signal at a time, because it may change the state that the others refer to. The
 * servers take turns, so that a busy one does not starve the others. */
static void wait_and_act(struct attacher *a)
{
	enum { SIGNALS, STOP, FIRST, CHANNELS = SERVED_CHANNELS };
	struct servers *s = &a->servers;
	struct pollfd fds[FIRST + (CHANNELS + 1) * SERVERS_MAX] = {
		[SIGNALS] = { .fd = a->signals, .events = POLLIN },
		[STOP] = { .fd = s->stopping ? -1 : stop__descriptor(), .events = POLLIN },
	};
	bool quiet = log_budget__is_spent(&s->log_budget);
	struct pollfd *logs;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		for (int k = 0; k < CHANNELS; k++)
			fds[FIRST + n++] = awaited(&s->v[i].channels[k]);
	logs = &fds[FIRST + n];
	for (size_t i = 0; i < s->n; i++)
		logs[i] = (struct pollfd){ quiet ? -1 : s->v[i].log, POLLIN, 0 };
	if (poll(fds, FIRST + n + s->n, patience(a)) <= 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (logs[i].revents)
			log_relay__pass(&s->v[i].log, &s->log_budget);
	if (fds[SIGNALS].revents) {
		on_signal(a);
		return;
	}
	a->turn++;
	for (size_t k = 0; k < n; k++) {
		size_t i = (a->turn + k) % n;

		if (!fds[FIRST + i].revents)
			continue;
		on_request(a, &s->v[i / CHANNELS], i % CHANNELS);
		return;
	}
}

static void stop_servers(struct attacher *a)
{
	double begun = monotonic_seconds();

	servers__end(&a->servers);
	/* Servers that are left after this end when we do. */
	while (a->servers.n && monotonic_seconds() - begun < 2 * SERVERS_DRAIN) {
		wait_and_act(a);
		answer_reloads(a);
		servers__reap(&a->servers);
		servers__kill_laggards(&a->servers);
	}
}

static void tick(struct attacher *a, double now)
{
	if (reconcile__tick(a->setup->reconcile, now))
		servers__replace(&a->servers);
	if (config_watch__changed(a->setup->watch)) {
		log_info("the configuration file has changed");
		reload_unasked(a);
	}
	servers__kill_laggards(&a->servers);
	servers__replace_silent(&a->servers);
	http__mend_sockets(a->setup->http);
}

static void loop(struct attacher *a)
{
	double ticked = monotonic_seconds(), now;

	while (!is_stopping(a)) {
		feed_watchdog(&a->servers);
		wait_and_act(a);
		answer_reloads(a);
		servers__respawn(&a->servers);
		now = monotonic_seconds();
		a->sampling = sampled__take(a->setup->reconcile, now);
		if (now - ticked >= TICK) {
			ticked = now;
			tick(a, now);
		}
	}
}

static int begin(struct attacher *a)
{
	sigset_t signals;
	int err;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	if (a->setup->web->config_file)
		a->servers.web_files = web_files__new(a->setup->web->config_file);
	a->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	err = a->signals < 0 ? -errno : self__share();
	if (!err)
		err = serving__init();
	a->servers.history = history__new_memory();
	self__note_reload(true);
	a->servers.heard = monotonic_seconds();
	/* A first server answers that the probes are not attached yet. If systemd has the sockets,
	 * clients wait instead. */
	if (!err && !a->setup->web->systemd_socket)
		err = servers__spawn(&a->servers);
	if (err)
		log_error("cannot start a server: %s", strerror(-err));
	return err;
}

static void end(struct attacher *a)
{
	a->servers.stopping = true;
	a->servers.respawn_at = 0;
	stop_servers(a);
	web_files__free(a->servers.web_files);
	if (a->servers.history >= 0)
		close(a->servers.history);
	close(a->signals);
	/* The caller detaches the probes after this. */
	progress__set(on_progress_at_the_end, NULL);
}

int attacher__run(const struct attacher_setup *s)
{
	struct attacher a = {
		.setup = s,
		.sampling = -1,
		.servers = { .reconcile = s->reconcile, .http = s->http, .web = s->web },
	};
	int err = begin(&a);

	if (err)
		return err;
	progress__set(on_progress, &a);
	err = s->start(s->ctx);
	if (!err && !is_stopping(&a)) {
		a.servers.ready = true;
		a.servers.heard = monotonic_seconds();
		a.reloaded = true; /* tells systemd that we are ready */
		servers__replace(&a.servers);
		loop(&a);
	}
	end(&a);
	return err;
}
