/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/serving.h"

#include <errno.h>
#include <fcntl.h>

#include "attach/files.h"
#include "process/copies.h"
#include "base/log_relay.h"
#include "process/confine.h"
#include "base/self.h"
#include "process/server.h"
#include "base/shared_memory.h"
#include "http/sockets.h"

/* ---- its data ---------------------------------------------------------------------- */

static void fill_generation(const struct generation *g, struct served_generation *out)
{
	const struct shared_memory *board = missed__shared(g->missed);
	const struct shared_memory *in_flight = scan__shared(g->scan);

	*out = (struct served_generation){
		.banks = *object__banks(g->obj),
		.board_source = { board->fd, board->size },
		.in_flight_source = { in_flight->fd, in_flight->size },
		.ntargets = g->targets->nids,
	};
}

static uint32_t place_of(const struct probe_table *table, const struct generation *g)
{
	for (size_t i = 0; i < table->ngenerations; i++)
		if (table->generations[i] == g)
			return i;
	return SERVED_NOWHERE;
}

static void fill_table(const struct probe_table *table, struct served *out, struct buf *updates)
{
	out->n = table->n;
	out->rows = xcalloc(table->n, sizeof(*out->rows));
	for (size_t i = 0; i < table->n; i++)
		out->rows[i] = (struct served_row){
			.state = table->rows[i].state,
			.generation = place_of(table, table->rows[i].generation),
		};
	out->ngenerations = table->ngenerations;
	out->generations = xcalloc(table->ngenerations, sizeof(*out->generations));
	for (size_t g = 0; g < table->ngenerations; g++) {
		fill_generation(table->generations[g], &out->generations[g]);
		label_slots__write_updates(table->generations[g]->labels, g, 0, updates);
	}
	if (table->ngenerations) {
		out->layout = table->generations[0]->layout;
		out->size_layout = table->generations[0]->size_layout;
	}
	out->updates = updates->data;
	out->updates_len = updates->len;
	memcpy(out->gone, table->gone, sizeof(out->gone));
	out->cell_bytes = table->cell_bytes;
}

/* ---- the process --------------------------------------------------------------------------- */

static struct own_program own;

int serving__init(void)
{
	return own_program__open(&own);
}

/* A server only gets the variables that configure its libraries. Others may be secret. */
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
	confine__close_others(fds, n);
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0 && fds[i] != own.program && fds[i] != copies->loader)
			fcntl(fds[i], F_SETFD, 0);
	if (copies->loader >= 0)
		fexecve(copies->loader, copies__command(copies, SERVER_NAME, number),
			environment());
	else
		fexecve(own.program, argv, environment());
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
	fds[n++] = own.program;
	fds[n++] = copies->loader;
	pid = fork();
	if (!pid)
		execute(copies, image, log, fds, n);
	return pid < 0 ? -errno : pid;
}

static void add_files(const struct probe_row *row, const struct target ***targets, size_t *n)
{
	const struct target *at;

	for (size_t i = 0; (at = files__at(row->generation->attach, row->state.target->id, i)); i++)
		*(const struct target **)array__grow(targets, n, sizeof(**targets)) = at;
}

/* Without copies a server whose own files are probed still works, unless a function does not
 * tolerate the probe. */
static void make_copies(const struct probe_table *table, struct copies *out)
{
	__cleanup_free const struct target **targets = NULL;
	size_t n = 0;
	int err;

	for (size_t i = 0; i < table->n; i++)
		if (table->rows[i].generation && !table->rows[i].state.again &&
		    target__traps(table->rows[i].state.target))
			add_files(&table->rows[i], &targets, &n);
	err = copies__make(targets, n, &own, out);
	if (!err)
		return;
	log_warn("the exporter itself uses a probed file, and cannot copy it for the server (%s): "
		 "the server's own calls are counted, too",
		 strerror(-err));
	copies__free(out);
	copies__make_none(&own, out);
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
	__cleanup_buf struct buf updates = {};
	__cleanup_close int texts = -1;
	struct copies copies;
	struct served s = { .web = *setup->web,
			    .tls = http__tls(setup->http),
			    .ready = setup->ready,
			    .history = setup->history };
	pid_t pid;

	if (setup->web_texts->len) {
		texts = shared_memory__seal(setup->web_texts->data, setup->web_texts->len);
		if (texts < 0)
			return texts;
	}
	s.web_texts = texts;
	s.web_texts_len = setup->web_texts->len;
	s.listeners = (struct listener *)http__listeners(setup->http, &s.nlisteners);
	memcpy(s.channels, setup->channels, sizeof(s.channels));
	self__descriptors(&s.told, &s.counted);
	fill_table(setup->table, &s, &updates);
	make_copies(setup->table, &copies);
	name_copies(&copies, &s);
	pid = updates.failed ? -ENOMEM : start(&s, setup->log, &copies);
	copies__free(&copies);
	free(s.copies);
	free(s.rows);
	free(s.generations);
	return pid;
}
