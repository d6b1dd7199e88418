/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/servers.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "access/files.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/self.h"
#include "http/http.h"
#include "probes/sampled.h"

/* All in seconds, unless they say otherwise. */
#define RETRY	      1.0
#define LIVED_WELL    10.0 /* a server that dies sooner is in a crash loop */
#define BACKOFF_FIRST 0.1
#define BACKOFF_MAX   5.0
#define SILENT_TICKS  10 /* a server without a sign of life for so long hangs */

/* The server's ends: its channels and its log. */
enum { LOG = SERVED_CHANNELS, ENDS };

static struct child *current(struct servers *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].state == CHILD_SERVING)
			return &s->v[i];
	return NULL;
}

struct child *servers__find(struct servers *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].pid == pid)
			return &s->v[i];
	return NULL;
}

static void close_channels(struct child *c)
{
	for (int i = 0; i < SERVED_CHANNELS; i++)
		channel__close(&c->channels[i]);
}

static void forget(struct servers *s, struct child *c)
{
	close_channels(c);
	log_relay__end(&c->log, &s->log_budget);
	free(c->known);
	*c = s->v[--s->n];
}

static void set_ending(struct child *c)
{
	c->state = CHILD_ENDING;
	c->since = monotonic_seconds();
}

static void end_child(struct child *c)
{
	if (c->state == CHILD_ENDING)
		return;
	set_ending(c);
	/* Not a signal: the server is another user's, and we may lack the capability. */
	shutdown(c->channels[SERVED_END].fd, SHUT_WR);
}

void servers__end(struct servers *s)
{
	for (size_t i = 0; i < s->n; i++)
		end_child(&s->v[i]);
}

void child__expel(struct child *c)
{
	kill(c->pid, SIGKILL);
	close_channels(c);
}

/* ---- label sets ------------------------------------------------------------------------------ */

/* A new server is given everything that is known now. */
static void know_all(struct child *c, const struct probe_table *table)
{
	__cleanup_buf struct buf none = {};

	c->nknown = table->ngenerations;
	c->known = xcalloc(c->nknown, sizeof(*c->known));
	for (size_t g = 0; g < c->nknown; g++)
		c->known[g] = (struct known){
			table->generations[g]->number,
			label_slots__write_updates(table->generations[g]->labels, g, UINT64_MAX,
						   &none),
		};
}

void child__write_updates(struct child *c, const struct probe_table *table, struct buf *out)
{
	for (size_t k = 0; k < c->nknown; k++)
		for (size_t g = 0; g < table->ngenerations; g++)
			if (table->generations[g]->number == c->known[k].generation)
				c->known[k].updates = label_slots__write_updates(
					table->generations[g]->labels, k, c->known[k].updates, out);
}

void child__write_exemplars(const struct child *c, const struct reconcile *r, struct buf *out)
{
	__cleanup_free struct exemplar *v = NULL;
	struct image io = { .out = out };
	size_t n = 0;

	for (size_t k = 0; k < c->nknown; k++)
		sampled__add_exemplars(r, c->known[k].generation, k, &v, &n);
	exemplars__image(&io, &v, &n);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* If reloads come faster than old servers end, the oldest of those is killed. */
static int make_room(struct servers *s)
{
	struct child *oldest = NULL;

	if (s->n < SERVERS_MAX)
		return 0;
	for (struct child *c = s->v; c < s->v + s->n; c++)
		if (c->state == CHILD_ENDING && (!oldest || c->since < oldest->since))
			oldest = c;
	if (!oldest || kill(oldest->pid, SIGKILL))
		return -EAGAIN; /* it ends by itself */
	log_warn("killed an old server that had unanswered requests: reloads follow each other too "
		 "fast");
	TEMP_FAILURE_RETRY(waitpid(oldest->pid, NULL, 0));
	forget(s, oldest);
	return 0;
}

static int open_channels(const struct servers *s, int *theirs, struct child *c)
{
	int err;

	for (int i = 0; i < SERVED_CHANNELS; i++)
		theirs[i] = c->channels[i].fd = -1;
	theirs[LOG] = c->log = -1;
	err = channel__open(&theirs[LOG], &c->log);
	for (int i = 0; i < SERVED_CHANNELS && !err; i++)
		if (i != SERVED_WEB || s->web_files)
			err = channel__open(&theirs[i], &c->channels[i].fd);
	return err;
}

static pid_t start_server(const struct servers *s, const int *ends, const struct buf *texts)
{
	struct serving_setup setup = {
		.table = reconcile__table(s->reconcile),
		.http = s->http,
		.ready = s->ready,
		.web = s->web,
		.web_texts = texts,
		.history = s->history,
		.log = ends[LOG],
	};

	memcpy(setup.channels, ends, sizeof(setup.channels));
	return serving__start(&setup);
}

int servers__spawn(struct servers *s)
{
	struct child c = { .state = CHILD_SERVING, .since = monotonic_seconds() };
	__cleanup_secret struct buf texts = {};
	int theirs[ENDS], err = make_room(s);

	http__mend_sockets(s->http);
	if (!err && s->web_files)
		err = web_files__update(s->web_files, &c.web_known, &texts);
	if (err)
		return err;
	err = open_channels(s, theirs, &c);
	if (!err) {
		c.pid = start_server(s, theirs, &texts);
		err = c.pid < 0 ? c.pid : 0;
	}
	for (int i = 0; i < ENDS; i++)
		cleanup__close(&theirs[i]);
	if (err) {
		close_channels(&c);
		cleanup__close(&c.log);
		return err;
	}
	know_all(&c, reconcile__table(s->reconcile));
	s->v[s->n++] = c;
	return 0;
}

static void respawn_later(struct servers *s, double seconds)
{
	s->respawn_at = monotonic_seconds() + seconds;
}

void servers__respawn(struct servers *s)
{
	int err;

	if (!s->respawn_at || monotonic_seconds() < s->respawn_at)
		return;
	s->respawn_at = 0;
	err = servers__spawn(s);
	if (!err)
		return;
	log_error("cannot start a server: %s; trying again", strerror(-err));
	respawn_later(s, err == -EAGAIN ? RETRY : BACKOFF_MAX);
}

void servers__replace(struct servers *s)
{
	struct child *old = current(s);
	pid_t pid = old ? old->pid : 0;

	if (servers__spawn(s)) {
		/* The old probe table is gone, so the old server must not go on. */
		log_error("cannot start a new server now; trying again");
		respawn_later(s, BACKOFF_FIRST);
	} else {
		s->respawn_at = 0;
	}
	old = servers__find(s, pid);
	if (old)
		end_child(old);
}

/* started: the server that died or hangs. */
static void respawn_with_backoff(struct servers *s, double started)
{
	if (monotonic_seconds() - started >= LIVED_WELL)
		s->backoff = 0;
	self__note_restart();
	respawn_later(s, s->backoff);
	s->backoff = s->backoff ? s->backoff * 2 : BACKOFF_FIRST;
	if (s->backoff > BACKOFF_MAX)
		s->backoff = BACKOFF_MAX;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static const char *describe(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(buf, size, "exit code %d", WEXITSTATUS(status));
	return buf;
}

static void on_death(struct servers *s, struct child *c, int status)
{
	bool unexpected = c->state == CHILD_SERVING && !s->stopping;
	double started = c->since;
	char buf[64];

	forget(s, c);
	if (!unexpected)
		return;
	log_warn("the server has died (%s); starting another", describe(status, buf, sizeof(buf)));
	respawn_with_backoff(s, started);
}

void servers__reap(struct servers *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *c = servers__find(s, pid);

		if (c)
			on_death(s, c, status);
	}
}

void servers__kill_laggards(struct servers *s)
{
	for (struct child *c = s->v; c < s->v + s->n; c++)
		if (c->state == CHILD_ENDING && monotonic_seconds() - c->since > SERVERS_DRAIN)
			kill(c->pid, SIGKILL);
}

void servers__replace_silent(struct servers *s)
{
	struct child *c = current(s);
	double started;

	if (!c || c->silent++ < SILENT_TICKS)
		return;
	log_warn("the server (process %d) hangs: it has not shown a sign of life for %d s; "
		 "starting another",
		 c->pid, SILENT_TICKS);
	started = c->since;
	set_ending(c);
	child__expel(c);
	respawn_with_backoff(s, started);
}

int servers__hear(struct servers *s, struct child *c)
{
	struct channel_request request;
	int err = channel__receive(&c->channels[SERVED_END], &request);

	if (err)
		return err;
	if (request.op != CHANNEL_ALIVE)
		return -EPROTO;
	c->silent = 0;
	s->heard = monotonic_seconds();
	if (c->state == CHILD_ENDING) /* our end of the channel is shut down */
		return 0;
	return channel__answer(&c->channels[SERVED_END], &request, 0, NULL, 0);
}
