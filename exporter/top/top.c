/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three ways to show the same rows: a screen that is drawn on, if standard output is a terminal;
 * else a plain table after each interval; and with --once a single one at the end. The table at the
 * end counts from the first reading, which is taken when everything is attached.
 */
#include "top/top.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "counts/in_flight.h"
#include "probes/reconcile.h"
#include "probes/sampled.h"
#include "top/histogram.h"
#include "top/json.h"
#include "top/messages.h"
#include "top/output.h"
#include "top/samples.h"
#include "top/table.h"
#include "top/terminal.h"
#include "top/view.h"

#define TICK	    1.0
#define PLAIN_WIDTH 80
#define LAST_WAITS  5 /* seconds for the last output to a slow reader */

struct top {
	const struct top_setup *setup;
	const struct top_config *config;
	struct histogram_layout *layout, *size_layout;
	struct reader *reader;
	struct reading *first, *before, *now;
	struct top_rows *rows; /* of the screen */
	struct top_samples samples;
	uint64_t told; /* the newest sample in a plain table */
	struct view view;
	struct terminal *terminal; /* NULL: plain tables */
	struct messages *messages;
	int signals;
	double started, ticked, read_at; /* monotonic seconds */
	double sample_at; /* likewise: when samples are to be fetched; INFINITY: never */
	int waits;
	bool hung_up;
	int err;
};

void top__block_signals(void)
{
	static const int blocked[] = { SIGHUP, SIGWINCH, SIGTSTP };
	struct sigaction was;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(blocked); i++)
		/* A blocked signal would arrive even under nohup(1). */
		if (!sigaction(blocked[i], NULL, &was) && was.sa_handler != SIG_IGN)
			sigaddset(&set, blocked[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int open_signals(void)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	sigdelset(&set, SIGINT); /* stop__watch() has these */
	sigdelset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool on_progress(void *ctx)
{
	return stop__signal();
}

/* The probes are to be detached in any case. */
static bool on_progress_at_the_end(void *ctx)
{
	stop__signal();
	return false;
}

/* ---- readings -------------------------------------------------------------------------------- */

static struct reading *read_counters(struct top *t)
{
	struct reconcile *r = t->setup->reconcile;
	struct reading *reading = NULL;
	int err = reconcile__update(r, monotonic_seconds());

	reconcile__scan(r, monotonic_seconds());
	if (!err)
		err = reader__take(t->reader, reconcile__table(r), &reading);
	if (err) {
		t->err = err;
		log_error("cannot read the counters: %s", strerror(-err));
	}
	return reading;
}

/* The rows since the start, or of the last interval. */
static struct top_rows *make_rows(const struct top *t, bool since_start)
{
	struct top_layouts layouts = { t->layout, t->size_layout };
	struct top_rows *rows = rows__between(since_start ? t->first : t->before, t->now, &layouts);

	rows__sort(rows, t->view.sort, t->view.reverse);
	rows->samples = &t->samples.report;
	return rows;
}

static void refresh_rows(struct top *t)
{
	rows__free(t->rows);
	t->rows = make_rows(t, t->view.since_start);
}

/* The kernel's buffer is small. */
static void fetch_samples(struct top *t)
{
	double now = monotonic_seconds(), left = sampled__take(t->setup->reconcile, now);

	t->sample_at = left < 0 ? INFINITY : now + left;
}

/* What was sampled before a reading is there with it. */
static void read_samples(struct top *t)
{
	int err;

	if (isinf(t->sample_at))
		return;
	top_samples__free(&t->samples);
	err = top_samples__read(&t->samples, t->setup->reconcile, monotonic_seconds());
	if (err) {
		t->err = err;
		log_error("cannot read the samples: %s", strerror(-err));
	}
}

/* Replaces the newest reading. keep: it is the beginning of the next interval. */
static void read_again(struct top *t, bool keep)
{
	struct reading *reading = read_counters(t);

	if (!reading)
		return;
	rows__free(take_ptr(t->rows));
	if (keep) {
		if (t->before != t->first)
			reading__free(t->before);
		t->before = t->now;
	} else if (t->now != t->first && t->now != t->before) {
		reading__free(t->now);
	}
	t->now = reading;
	read_samples(t);
}

/* ---- output ---------------------------------------------------------------------------------- */

/* The table has changed: rows refer to targets that may be gone. */
static void tick(struct top *t)
{
	t->ticked = monotonic_seconds();
	if (reconcile__tick(t->setup->reconcile, t->ticked))
		read_again(t, false);
}

/* While standard output does not accept data. The overload protection goes on. */
static bool wait_for_reader(void *ctx)
{
	struct top *t = ctx;

	if (stop__signal())
		return ++t->waits < LAST_WAITS;
	tick(t);
	return true;
}

static void put(struct top *t, struct buf *text)
{
	int err = text->failed ? -ENOMEM : 0;

	t->waits = 0;
	if (!err)
		err = output__write(text->data, text->len, wait_for_reader, t);
	if (err == -EPIPE) /* its reader has seen enough */
		err = -ECANCELED;
	if (!err)
		return;
	t->err = err;
	if (err != -ECANCELED)
		log_error("cannot write to standard output: %s", strerror(-err));
}

static void draw(struct top *t)
{
	__cleanup_buf struct buf lines = {}, text = {};
	struct screen screen = { .message = messages__last(t->messages) };
	int bright[2] = { -1, -1 };

	if (t->err) /* the newest reading may refer to targets that are gone */
		return;
	if (!t->rows)
		refresh_rows(t);
	terminal__size(&screen.width, &screen.height);
	view__draw(&t->view, t->rows, &screen, &lines, bright);
	if (buf__str(&lines))
		terminal__compose(buf__str(&lines), bright, &text);
	put(t, &text);
}

/* Those since the last table. */
static void print_new_samples(struct top *t, struct buf *text)
{
	const struct samples_report *r = &t->samples.report;

	for (size_t i = 0; i < r->n && r->v[i].number > t->told; i++) {
		if (!i)
			top_samples__header(text, 0);
		top_samples__line(text, &r->v[i], 0);
	}
	t->told = r->n ? r->v[0].number : t->told;
}

static void print_interval(struct top *t)
{
	__cleanup_buf struct buf text = {};

	table__plain(&text, t->rows);
	print_new_samples(t, &text);
	buf__putc(&text, '\n');
	put(t, &text);
}

static void show(struct top *t)
{
	if (t->err)
		return;
	refresh_rows(t);
	if (t->terminal)
		draw(t);
	else
		print_interval(t);
}

/* The last table, and with --once all histograms. */
static void print_end(struct top *t)
{
	struct top_rows *rows = make_rows(t, true);
	__cleanup_buf struct buf text = {};

	if (t->config->format == TOP_JSON)
		top_json__print(&text, rows);
	else
		table__plain(&text, rows);
	for (size_t i = 0; i < rows->n && t->config->once && t->config->format == TOP_TABLE; i++) {
		if (!rows->v[i].calls)
			continue;
		buf__putc(&text, '\n');
		histogram__print(&text, rows, &rows->v[i], PLAIN_WIDTH);
		if (!rows->v[i].is_set)
			top_samples__of_row(&text, rows, &rows->v[i], 0);
	}
	put(t, &text);
	rows__free(rows);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void on_keys(struct top *t)
{
	unsigned keys[TERMINAL_KEYS];
	size_t n = terminal__read_keys(t->terminal, keys);

	for (size_t i = 0; i < n && !t->err; i++) {
		if (!t->rows)
			refresh_rows(t);
		view__key(&t->view, keys[i], t->rows);
		refresh_rows(t);
	}
	draw(t);
}

static void suspend(struct top *t)
{
	if (t->terminal)
		terminal__leave(t->terminal);
	kill(getpid(), SIGSTOP);
	if (t->terminal)
		terminal__enter(t->terminal);
}

static void on_signal(struct top *t)
{
	struct signalfd_siginfo info;

	while (read(t->signals, &info, sizeof(info)) == sizeof(info)) {
		t->hung_up |= info.ssi_signo == SIGHUP;
		if (info.ssi_signo == SIGTSTP)
			suspend(t);
	}
	if (t->terminal && !t->hung_up)
		draw(t);
}

static double next_event(const struct top *t)
{
	double next = fmin(t->ticked + TICK, t->sample_at);

	if (!t->config->once)
		next = fmin(next, t->read_at + t->config->interval);
	if (t->config->duration)
		next = fmin(next, t->started + t->config->duration);
	return next;
}

static bool is_over(const struct top *t)
{
	return stop__signal() || t->err || t->hung_up || t->view.quit ||
	       (t->config->duration && monotonic_seconds() >= t->started + t->config->duration);
}

static void wait_and_act(struct top *t)
{
	enum { STOP, SIGNALS, KEYS, MESSAGES, ALL };
	struct pollfd fds[ALL] = {
		[STOP] = { .fd = stop__descriptor(), .events = POLLIN },
		[SIGNALS] = { .fd = t->signals, .events = POLLIN },
		[KEYS] = { .fd = terminal__descriptor(t->terminal), .events = POLLIN },
		[MESSAGES] = { .fd = messages__descriptor(t->messages), .events = POLLIN },
	};
	double left = next_event(t) - monotonic_seconds();

	if (poll(fds, ALL, left > 0 ? (int)ceil(left * 1000) : 0) <= 0)
		return;
	if (fds[SIGNALS].revents)
		on_signal(t);
	if (fds[MESSAGES].revents) {
		messages__read(t->messages);
		draw(t);
	}
	if (fds[KEYS].revents)
		on_keys(t);
}

static void loop(struct top *t)
{
	while (!is_over(t)) {
		wait_and_act(t);
		if (monotonic_seconds() - t->ticked >= TICK)
			tick(t);
		fetch_samples(t);
		if (monotonic_seconds() - t->read_at >= t->config->interval && !t->config->once) {
			t->read_at = monotonic_seconds();
			read_again(t, true);
			show(t);
		} else if (t->terminal && !t->rows) {
			draw(t);
		}
	}
}

/* ---- begin and end --------------------------------------------------------------------------- */

static void announce(const struct top *t)
{
	const struct probe_table *table = reconcile__table(t->setup->reconcile);
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++)
		n += table->rows[i].state.attached && !table->rows[i].state.again;
	fprintf(stderr, "counting calls of %zu function%s", n, n == 1 ? "" : "s");
	if (t->config->duration)
		fprintf(stderr, " for %.0f s; Ctrl-C ends it earlier\n", t->config->duration);
	else
		fprintf(stderr, "; Ctrl-C ends it\n");
}

/* As generations make them. */
static int make_layouts(struct top *t)
{
	const struct config *c = t->setup->config;
	__cleanup_free char *error = NULL;
	int err = config__layout(c, c->nlists, &t->layout, &error);

	if (!err)
		err = histogram_layout__build(c->size_buckets, c->nsize_buckets, HISTOGRAM_INTEGERS,
					      &t->size_layout, &error);
	if (err)
		log_error("%s", error);
	return err;
}

static int begin(struct top *t)
{
	int err = make_layouts(t);

	if (err)
		return err;
	t->signals = open_signals();
	t->reader = reader__new();
	t->first = t->before = t->now = read_counters(t);
	if (!t->first)
		return t->err;
	t->started = t->ticked = t->read_at = t->first->at;
	fetch_samples(t);
	if (!t->config->once)
		t->terminal = terminal__new();
	if (!t->terminal) {
		announce(t);
		return 0;
	}
	t->messages = messages__begin();
	terminal__enter(t->terminal);
	return 0;
}

/* The last numbers are to have a scan of their own. */
static void wait_for_scan(const struct top *t)
{
	double left = t->now->at + IN_FLIGHT_PERIOD - monotonic_seconds();

	if (left > 0)
		usleep((useconds_t)(left * 1e6) + 1000);
}

/* The terminal is itself again before the probes are detached, which takes a while. */
static void end(struct top *t)
{
	terminal__free(t->terminal);
	t->terminal = NULL;
	messages__end(t->messages);
	t->messages = NULL;
	if (t->first && !t->err && !t->hung_up) {
		wait_for_scan(t);
		read_again(t, false);
		print_end(t);
	}
	rows__free(t->rows);
	top_samples__free(&t->samples);
	if (t->now != t->first && t->now != t->before)
		reading__free(t->now);
	if (t->before != t->first)
		reading__free(t->before);
	reading__free(t->first);
	reader__free(t->reader);
	view__free(&t->view);
	histogram_layout__free(t->layout);
	histogram_layout__free(t->size_layout);
	cleanup__close(&t->signals);
}

int top__run(const struct top_setup *setup)
{
	struct top t = {
		.setup = setup,
		.config = &setup->config->top,
		.view.sort = setup->config->top.sort,
		.signals = -1,
	};
	int err;

	progress__set(on_progress, NULL);
	err = setup->start(setup->ctx);
	if (err || stop__signal())
		return err;
	err = begin(&t);
	if (!err)
		loop(&t);
	progress__set(on_progress_at_the_end, NULL);
	end(&t);
	return err ? err : t.err == -ECANCELED ? 0 : t.err;
}
