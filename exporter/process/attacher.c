/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server serves one view. When the view changes, a new server is started with the new one, and
 * the old one is told to end: it takes no more connections, says so, answers what it has taken, and
 * goes. The two share the listening sockets, so nobody is turned away; and whoever has been told
 * that a reload is done finds its view. A server that dies is replaced; one that dies again and
 * again, less and less often.
 */
#include "process/attacher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/channel.h"
#include "base/log.h"
#include "base/log_relay.h"
#include "base/progress.h"
#include "base/sd_notify.h"
#include "base/self.h"
#include "process/serving.h"
#include "base/stop.h"
#include "access/broker.h"

#define CHILDREN_MAX  8 /* a server, and old ones on their way out */
#define TICK	      1.0
#define LIVED_WELL    10.0 /* seconds; a server that dies sooner is in a crash loop */
#define BACKOFF_FIRST 0.1
#define BACKOFF_MAX   5.0
#define SILENT_TICKS  10   /* without a sign of life, and a server is replaced */
#define UNHEARD	      20.0 /* seconds; after that systemd does not hear of us either */
#define DRAIN	      7.0  /* longer than a server gives its requests */

/* What a server asks for, each on a channel of its own; and one on which it says that it lives,
 * hears that it is to end, and closes once it takes no more connections. The others are open until
 * it has ended: it may have taken a request for them. */
enum {
	REFRESH = SERVED_REFRESH,
	RELOAD = SERVED_RELOAD,
	END = SERVED_END,
	WEB = SERVED_WEB,
	CHANNELS = SERVED_CHANNELS,
	LOG = CHANNELS,
	SOCKETS,
};

struct child {
	pid_t pid;
	struct channel_peer channels[CHANNELS]; /* our ends; fd -1: it has none */
	int log;				/* our end of that (base/log_relay.h) */
	bool ending;				/* has been told to */
	double started, told;
	/* Ticks, and not seconds: while we are busy, or all of us are frozen, nobody listens. */
	unsigned silent;
	/* A reload that it has asked for and that is done: to be answered once no old server takes
	 * connections. */
	struct channel_request reload;
	bool reloaded;
	/* What it knows of label sets, by generation of its view. */
	struct known {
		unsigned generation; /* its number */
		uint64_t news;
	} * known;
	size_t nknown;
	uint64_t web_known; /* version of the web configuration */
};

struct attacher {
	const struct attacher_setup *setup;
	int signals;
	struct web_files *web_files; /* NULL: no web configuration file */
	struct child children[CHILDREN_MAX];
	size_t n;
	bool started; /* what is configured first is attached */
	bool stopping, respawn;
	double respawn_at, backoff;
	struct log_budget log_budget;
	double heard;  /* of a server */
	unsigned turn; /* of whom is listened to first */
	bool reloaded; /* the same of a reload by signal, which systemd waits for */
};

/* ---- servers --------------------------------------------------------------------------------- */

static struct child *current(struct attacher *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (!a->children[i].ending)
			return &a->children[i];
	return NULL;
}

static struct child *find(struct attacher *a, pid_t pid)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->children[i].pid == pid)
			return &a->children[i];
	return NULL;
}

static void close_channels(struct child *c)
{
	for (int i = 0; i < CHANNELS; i++)
		channel__close(&c->channels[i]);
}

static void forget(struct attacher *a, struct child *c)
{
	close_channels(c);
	log_relay__end(&c->log, &a->log_budget);
	free(c->known);
	*c = a->children[--a->n];
}

static void end_child(struct child *c)
{
	if (c->ending)
		return;
	c->ending = true;
	c->told = monotonic_seconds();
	/* Not a signal: the server is another user's, and we may lack the capability. */
	shutdown(c->channels[END].fd, SHUT_WR);
}

/* All that there is to know now, it was given. */
static void know_all(struct child *c, const struct view *v)
{
	__cleanup_buf struct buf none = {};

	c->nknown = v->ngenerations;
	c->known = xcalloc(c->nknown, sizeof(*c->known));
	for (size_t g = 0; g < c->nknown; g++)
		c->known[g] = (struct known){
			v->generations[g]->number,
			label_slots__write_updates(v->generations[g]->labels, g, UINT64_MAX, &none),
		};
}

/* An old server has another view, whose generations may still be there: what it answers before it
 * goes must be right, too. */
static void write_news(struct child *c, const struct view *v, struct buf *out)
{
	for (size_t k = 0; k < c->nknown; k++)
		for (size_t g = 0; g < v->ngenerations; g++)
			if (v->generations[g]->number == c->known[k].generation)
				c->known[k].news = label_slots__write_updates(
					v->generations[g]->labels, k, c->known[k].news, out);
}

static pid_t start_server(const struct attacher *a, const int *channels, const struct buf *texts)
{
	struct serving_setup s = {
		.view = reconcile__view(a->setup->reconcile),
		.http = a->setup->http,
		.ready = a->started,
		.web = a->setup->web,
		.web_texts = texts,
		.log = channels[LOG],
	};

	memcpy(s.channels, channels, sizeof(s.channels));
	return serving__start(&s);
}

/* Reloads that follow each other faster than old servers end: the oldest one has had its time. */
static int make_room(struct attacher *a)
{
	size_t oldest = 0;

	if (a->n < CHILDREN_MAX)
		return 0;
	for (size_t i = 1; i < a->n; i++)
		if (a->children[i].started < a->children[oldest].started)
			oldest = i;
	if (kill(a->children[oldest].pid, SIGKILL))
		return -EAGAIN; /* it ends by itself */
	log_warn("an old server has been ended with requests that it had not answered: reloads "
		 "follow each other too fast");
	TEMP_FAILURE_RETRY(waitpid(a->children[oldest].pid, NULL, 0));
	forget(a, &a->children[oldest]);
	return 0;
}

static int open_channels(const struct attacher *a, int *theirs, struct child *c)
{
	int err;

	for (int i = 0; i < CHANNELS; i++)
		theirs[i] = c->channels[i].fd = -1;
	theirs[LOG] = c->log = -1;
	err = log_relay__open(&theirs[LOG], &c->log);
	for (int i = 0; i < CHANNELS && !err; i++)
		if (i != WEB || a->web_files)
			err = channel__open(&theirs[i], &c->channels[i].fd);
	return err;
}

static int spawn(struct attacher *a)
{
	struct child c = { .started = monotonic_seconds() };
	__cleanup_secret struct buf texts = {};
	int theirs[SOCKETS], err = make_room(a);

	http__mend_sockets(a->setup->http);
	if (!err && a->web_files)
		err = web_files__news(a->web_files, &c.web_known, &texts);
	if (err)
		return err;
	err = open_channels(a, theirs, &c);
	if (!err) {
		c.pid = start_server(a, theirs, &texts);
		err = c.pid < 0 ? c.pid : 0;
	}
	for (int i = 0; i < SOCKETS; i++)
		cleanup__close(&theirs[i]);
	if (err) {
		close_channels(&c);
		cleanup__close(&c.log);
		return err;
	}
	know_all(&c, reconcile__view(a->setup->reconcile));
	a->children[a->n++] = c;
	return 0;
}

static void respawn_later(struct attacher *a, double seconds)
{
	a->respawn = true;
	a->respawn_at = monotonic_seconds() + seconds;
}

static void respawn(struct attacher *a)
{
	int err = spawn(a);

	a->respawn = false;
	if (!err)
		return;
	log_error("no server can be started: %s; trying again", strerror(-err));
	respawn_later(a, err == -EAGAIN ? TICK : BACKOFF_MAX);
}

/* A server for what has changed, before the old one goes. */
static void replace_server(struct attacher *a)
{
	struct child *old = current(a);
	pid_t pid = old ? old->pid : 0;

	if (spawn(a)) {
		/* The old view is gone, so the old server must not go on. */
		log_error("no new server can be started at once");
		respawn_later(a, BACKOFF_FIRST);
	} else {
		a->respawn = false;
	}
	old = find(a, pid);
	if (old)
		end_child(old);
}

static void respawn_in_a_while(struct attacher *a, double started)
{
	if (monotonic_seconds() - started >= LIVED_WELL)
		a->backoff = 0;
	self__note_restart();
	respawn_later(a, a->backoff);
	a->backoff = a->backoff ? a->backoff * 2 : BACKOFF_FIRST;
	if (a->backoff > BACKOFF_MAX)
		a->backoff = BACKOFF_MAX;
}

static const char *describe(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(buf, size, "exit code %d", WEXITSTATUS(status));
	return buf;
}

static void on_death(struct attacher *a, struct child *c, int status)
{
	double started = c->started;
	bool unasked = !c->ending;
	char buf[64];

	forget(a, c);
	if (!unasked || a->stopping)
		return;
	log_warn("the server has died (%s); starting another", describe(status, buf, sizeof(buf)));
	respawn_in_a_while(a, started);
}

static void reap(struct attacher *a)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *c = find(a, pid);

		if (c)
			on_death(a, c, status);
	}
}

/* Old servers whose clients do not let go. */
static void kill_laggards(struct attacher *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->children[i].ending && monotonic_seconds() - a->children[i].told > DRAIN)
			kill(a->children[i].pid, SIGKILL);
}

/* ---- what servers ask ------------------------------------------------------------------------ */

/* It is gone, or not what it should be. Where it may not be killed it is at least not listened to.
 */
static void expel(struct child *c)
{
	kill(c->pid, SIGKILL);
	close_channels(c);
}

/* Errors but -EPROTO: it has closed the channel, and takes no more connections. */
static int on_sign_of_life(struct attacher *a, struct child *c)
{
	struct channel_request request;
	int err = channel__receive(&c->channels[END], &request);

	if (err)
		return err;
	if (request.op != CHANNEL_ALIVE)
		return -EPROTO;
	c->silent = 0;
	a->heard = monotonic_seconds();
	/* One that has been told to end since it said so hears nothing more on this channel. */
	return c->ending ? 0 : channel__answer(&c->channels[END], &request, 0, NULL, 0);
}

/* One that is told to end has its time for that. */
static void replace_silent(struct attacher *a)
{
	struct child *c = current(a);

	if (!c || c->silent++ < SILENT_TICKS)
		return;
	log_warn("the server (process %d) hangs: it has not shown a sign of life for %d s; "
		 "starting another",
		 c->pid, SILENT_TICKS);
	c->ending = true;
	c->told = monotonic_seconds();
	expel(c);
	respawn_in_a_while(a, c->started);
}

static void refresh(struct attacher *a, struct child *c, const struct channel_request *request)
{
	const struct view *v = reconcile__view(a->setup->reconcile);
	int err = reconcile__update(a->setup->reconcile, monotonic_seconds());
	__cleanup_buf struct buf news = {};
	pid_t pids[CHILDREN_MAX];

	for (size_t i = 0; i < a->n; i++)
		pids[i] = a->children[i].pid;
	self__note_processes(pids, a->n);
	write_news(c, v, &news);
	if (channel__answer(&c->channels[REFRESH], request, err, news.data, news.len))
		expel(c);
}

static enum fault reload(struct attacher *a, bool *changed, char **error)
{
	enum fault fault = FAULT_CONFIG;
	struct config *c;

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

static void reload_by_signal(struct attacher *a)
{
	__cleanup_free char *error = NULL;
	bool changed = false;

	sd_notify__reloading();
	reload(a, &changed, &error);
	if (changed)
		replace_server(a);
	a->reloaded = true;
}

static void reload_by_request(struct attacher *a, struct child *c,
			      const struct channel_request *request)
{
	__cleanup_free char *error = NULL;
	bool changed = false;
	pid_t pid = c->pid;
	enum fault fault = FAULT_STOPPING;

	if (a->stopping)
		error = xstrdup(PROGRESS_GIVEN_UP);
	else
		fault = reload(a, &changed, &error);
	c = find(a, pid); /* others may have died meanwhile */
	if (fault && c &&
	    channel__answer(&c->channels[RELOAD], request, -EIO, error, error ? strlen(error) : 0))
		expel(c);
	if (changed)
		replace_server(a);
	c = find(a, pid); /* not where it was, if it had to make room */
	if (fault || !c)
		return;
	c->reload = *request;
	c->reloaded = true;
}

/* Whoever hears that a reload is done, and comes back, must not come to an old server. */
static void answer_reloads(struct attacher *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->children[i].ending && a->children[i].channels[END].fd >= 0)
			return;
	for (size_t i = 0; i < a->n; i++) {
		struct child *c = &a->children[i];

		if (c->reloaded && channel__answer(&c->channels[RELOAD], &c->reload, 0, NULL, 0))
			expel(c);
		c->reloaded = false;
	}
	if (a->reloaded)
		sd_notify__ready();
	a->reloaded = false;
}

static void on_request(struct attacher *a, struct child *c, int which)
{
	struct channel_peer *p = &c->channels[which];
	struct channel_request request;
	int err = 0;

	if (channel__is_sending(p))
		err = channel__send(p);
	else if (which == END)
		err = on_sign_of_life(a, c);
	else if (which == WEB)
		err = web_broker__answer(p, a->web_files, &c->web_known);
	else if (channel__receive(p, &request))
		err = -EPIPE;
	else if (which == REFRESH && request.op == CHANNEL_REFRESH)
		refresh(a, c, &request);
	else if (which == RELOAD && request.op == CHANNEL_RELOAD && a->setup->web->lifecycle &&
		 !c->reloaded)
		reload_by_request(a, c, &request);
	else
		err = -EPROTO;
	if (err == -EAGAIN)
		return;
	if (err && err != -EPROTO && which == END)
		channel__close(p);
	else if (err)
		expel(c);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void on_signal(struct attacher *a)
{
	struct signalfd_siginfo info;

	if (read(a->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap(a);
		break;
	case SIGHUP:
		if (!a->stopping)
			reload_by_signal(a);
		break;
	}
}

/* Whether it is to stop. Servers end while what is attached is detached. */
static bool is_stopping(struct attacher *a)
{
	if (!stop__signal() || a->stopping)
		return a->stopping;
	log_info("stopping on signal %d", stop__signal());
	a->stopping = true;
	a->respawn = a->reloaded = false;
	sd_notify__stopping();
	for (size_t i = 0; i < a->n; i++)
		end_child(&a->children[i]);
	return true;
}

static void feed_watchdog(const struct attacher *a)
{
	bool early = !a->started && !a->n; /* there is nobody to be heard yet */

	if (early || monotonic_seconds() - a->heard < UNHEARD)
		sd_notify__alive();
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* While something takes long. There are servers then, and what they serve stays as it is. */
static bool on_progress(void *ctx)
{
	struct attacher *a = ctx;

	for (size_t i = 0; i < a->n; i++)
		if (is_readable(a->children[i].channels[END].fd))
			on_request(a, &a->children[i], END);
	reap(a);
	if (a->respawn && monotonic_seconds() >= a->respawn_at)
		respawn(a);
	feed_watchdog(a);
	return is_stopping(a);
}

static bool on_progress_at_the_end(void *ctx)
{
	sd_notify__alive();
	return false;
}

/* Milliseconds until something is to be done unasked. */
static int patience(const struct attacher *a)
{
	double left = a->respawn ? a->respawn_at - monotonic_seconds() : TICK;

	left = left < 0 ? 0 : left > TICK ? TICK : left;
	return (int)(left * 1000) + (left > 0);
}

static struct pollfd awaited(const struct channel_peer *p)
{
	return (struct pollfd){ .fd = p->fd, .events = channel__is_sending(p) ? POLLOUT : POLLIN };
}

/* One request or signal at a time: it may change what the others are about. In turns, so that none
 * who asks without end keeps others from being heard. */
static void wait_and_act(struct attacher *a)
{
	enum { SIGNALS, STOP, FIRST };
	struct pollfd fds[FIRST + SOCKETS * CHILDREN_MAX] = {
		[SIGNALS] = { .fd = a->signals, .events = POLLIN },
		[STOP] = { .fd = a->stopping ? -1 : stop__descriptor(), .events = POLLIN },
	};
	bool quiet = log_budget__is_spent(&a->log_budget);
	struct pollfd *logs;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		for (int k = 0; k < CHANNELS; k++)
			fds[FIRST + n++] = awaited(&a->children[i].channels[k]);
	logs = &fds[FIRST + n];
	for (size_t i = 0; i < a->n; i++)
		logs[i] = (struct pollfd){ quiet ? -1 : a->children[i].log, POLLIN, 0 };
	if (poll(fds, FIRST + n + a->n, patience(a)) <= 0)
		return;
	for (size_t i = 0; i < a->n; i++)
		if (logs[i].revents)
			log_relay__pass(&a->children[i].log, &a->log_budget);
	if (fds[SIGNALS].revents) {
		on_signal(a);
		return;
	}
	a->turn++;
	for (size_t k = 0; k < n; k++) {
		size_t i = (a->turn + k) % n;

		if (!fds[FIRST + i].revents)
			continue;
		on_request(a, &a->children[i / CHANNELS], i % CHANNELS);
		return;
	}
}

static void stop_servers(struct attacher *a)
{
	double begun = monotonic_seconds();

	for (size_t i = 0; i < a->n; i++)
		end_child(&a->children[i]);
	/* Whoever does not end by then ends with us. */
	while (a->n && monotonic_seconds() - begun < 2 * DRAIN) {
		wait_and_act(a);
		answer_reloads(a);
		reap(a);
		kill_laggards(a);
	}
}

static void tick(struct attacher *a, double now)
{
	if (reconcile__tick(a->setup->reconcile, now))
		replace_server(a);
	kill_laggards(a);
	replace_silent(a);
	http__mend_sockets(a->setup->http);
}

static void loop(struct attacher *a)
{
	double ticked = monotonic_seconds(), now;

	while (!is_stopping(a)) {
		feed_watchdog(a);
		wait_and_act(a);
		answer_reloads(a);
		now = monotonic_seconds();
		if (a->respawn && now >= a->respawn_at)
			respawn(a);
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
		a->web_files = web_files__new(a->setup->web->config_file);
	a->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	err = a->signals < 0 ? -errno : self__share();
	if (!err)
		err = serving__init();
	self__note_reload(true);
	a->heard = monotonic_seconds();
	/* Until everything is attached, one tells that it is not. Where systemd has the sockets,
	 * clients wait instead. */
	if (!err && !a->setup->web->systemd_socket)
		err = spawn(a);
	if (err)
		log_error("no server can be started: %s", strerror(-err));
	return err;
}

static void end(struct attacher *a)
{
	a->stopping = true;
	a->respawn = false;
	stop_servers(a);
	web_files__free(a->web_files);
	close(a->signals);
	/* What is attached is detached after that. */
	progress__set(on_progress_at_the_end, NULL);
}

int attacher__run(const struct attacher_setup *s)
{
	struct attacher a = { .setup = s };
	int err = begin(&a);

	if (err)
		return err;
	progress__set(on_progress, &a);
	err = s->start(s->ctx);
	if (!err && !is_stopping(&a)) {
		a.started = true;
		a.heard = monotonic_seconds();
		a.reloaded = true; /* systemd waits for it like for a reload */
		replace_server(&a);
		loop(&a);
	}
	end(&a);
	return err;
}
