/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/serving.h"

#include <errno.h>
#include <fcntl.h>

#include "process/copies.h"
#include "base/log_relay.h"
#include "process/privs.h"
#include "base/self.h"
#include "process/server.h"
#include "base/shared.h"
#include "http/sockets.h"

/* ---- what it is given ---------------------------------------------------------------------- */

static void fill_generation(const struct generation *g, struct served_generation *out)
{
	const struct shared_memory *board = losses__shared(g->losses);

	*out = (struct served_generation){
		.banks = *object__banks(g->obj),
		.board_source = { board->fd, board->size },
		.ntargets = g->targets->nids,
	};
}

static uint32_t place_of(const struct view *v, const struct generation *g)
{
	for (size_t i = 0; i < v->ngenerations; i++)
		if (v->generations[i] == g)
			return i;
	return SERVED_NOWHERE;
}

static void fill_view(const struct view *v, struct served *out, struct buf *news)
{
	out->n = v->n;
	out->rows = xcalloc(v->n, sizeof(*out->rows));
	for (size_t i = 0; i < v->n; i++)
		out->rows[i] = (struct served_row){
			.state = v->rows[i].state,
			.generation = place_of(v, v->rows[i].generation),
		};
	out->ngenerations = v->ngenerations;
	out->generations = xcalloc(v->ngenerations, sizeof(*out->generations));
	for (size_t g = 0; g < v->ngenerations; g++) {
		fill_generation(v->generations[g], &out->generations[g]);
		label_slots__write_updates(v->generations[g]->labels, g, 0, news);
	}
	if (v->ngenerations) {
		out->grid = v->generations[0]->grid;
		out->size_grid = v->generations[0]->size_grid;
	}
	out->news = news->data;
	out->news_len = news->len;
	memcpy(out->gone, v->gone, sizeof(out->gone));
	out->cell_bytes = v->cell_bytes;
}

/* ---- the process --------------------------------------------------------------------------- */

static int program = -1;

int serving__init(void)
{
	program = open("/proc/self/exe",
		       O_PATH | O_CLOEXEC); /* it may be one that is not to be read */
	return program < 0 ? -errno : 0;
}

/* Of the environment it has what its libraries may be told by: anything else may be a secret, and
 * is none of its business. */
static char **environment(void)
{
	static const char *const kept[] = { "LD_", "GLIBC_TUNABLES=", "MALLOC_", "GNUTLS_" };
	char **out = NULL;
	size_t n = 0;

	for (char **e = environ; *e; e++)
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (!strncmp(*e, kept[i], strlen(kept[i])))
				*(char **)array__grow(&out, &n, sizeof(*out)) = *e;
	*(char **)array__grow(&out, &n, sizeof(*out)) = NULL;
	return out;
}

/* Never returns. */
static void execute(const struct copies *copies, int image, int log, int *fds, size_t n)
{
	char number[16], *argv[] = { SERVER_NAME, number, NULL };

	if (log_relay__join(log))
		_exit(1);
	snprintf(number, sizeof(number), "%d", image);
	privs__close_others(fds, n);
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0 && fds[i] != program && fds[i] != copies->loader)
			fcntl(fds[i], F_SETFD, 0);
	if (copies->loader >= 0)
		fexecve(copies->loader, copies__command(copies, SERVER_NAME, number),
			environment());
	else
		fexecve(program, argv, environment());
	log_error("the server cannot start: it cannot begin: %s", strerror(errno));
	_exit(1);
}

static pid_t start(const struct served *s, int log, const struct copies *copies)
{
	enum log_format format;
	enum log_level level = log__level(&format);
	__cleanup_close int image = served__write(s, level, format);
	__cleanup_free int *fds = NULL;
	size_t n;
	pid_t pid;

	if (image < 0)
		return image;
	n = served__descriptors(s, &fds);
	fds = xreallocarray(fds, n + 3, sizeof(*fds));
	fds[n++] = image;
	fds[n++] = program;
	fds[n++] = copies->loader;
	pid = fork();
	if (!pid)
		execute(copies, image, log, fds, n);
	return pid < 0 ? -errno : pid;
}

/* A server of which the own files are probed still serves, unless a function does not bear that. */
static void make_copies(const struct view *v, struct copies *out)
{
	__cleanup_free const struct target **targets = xcalloc(v->n, sizeof(*targets));
	size_t n = 0;
	int err;

	for (size_t i = 0; i < v->n; i++)
		if (v->rows[i].generation && !v->rows[i].state.again &&
		    v->rows[i].state.target->type == TARGET_USER)
			targets[n++] = v->rows[i].state.target;
	err = copies__make(targets, n, program, out);
	if (!err)
		return;
	log_warn("a probed file is one of the exporter's own, and the server cannot have a copy of "
		 "it (%s): it counts its own calls, too",
		 strerror(-err));
	copies__free(out);
}

static void name_copies(const struct copies *c, struct served *s)
{
	for (size_t i = 0; i < c->nlibraries; i++)
		*(int *)array__grow(&s->copies, &s->ncopies, sizeof(int)) = c->libraries[i];
	if (c->program >= 0)
		*(int *)array__grow(&s->copies, &s->ncopies, sizeof(int)) = c->program;
}

pid_t serving__start(const struct serving_setup *setup)
{
	__cleanup_buf struct buf news = {};
	__cleanup_close int texts = -1;
	struct copies copies;
	struct served s = { .web = *setup->web,
			    .tls = http__tls(setup->http),
			    .ready = setup->ready };
	pid_t pid;

	if (setup->web_texts->len) {
		texts = shared__seal(setup->web_texts->data, setup->web_texts->len);
		if (texts < 0)
			return texts;
	}
	s.web_texts = texts;
	s.web_texts_len = setup->web_texts->len;
	s.listeners = (struct listener *)http__listeners(setup->http, &s.nlisteners);
	memcpy(s.channels, setup->channels, sizeof(s.channels));
	self__descriptors(&s.told, &s.counted);
	fill_view(setup->view, &s, &news);
	make_copies(setup->view, &copies);
	name_copies(&copies, &s);
	pid = news.failed ? -ENOMEM : start(&s, setup->log, &copies);
	copies__free(&copies);
	free(s.copies);
	free(s.rows);
	free(s.generations);
	return pid;
}
