/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/served.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/shared_memory.h"

#define MAGIC		  "retprobe_exporter served"

#define image_text(io, s) image__string(io, (const char **)(s))

/* ---- fields -------------------------------------------------------------------------------- */

/* Bounds are copied if they are written; *v is to be freed. */
static void image_bounds(struct image *io, const double *given, double **v, size_t *n,
			 bool integers)
{
	if (!image__is_reading(io)) {
		*v = xcalloc(*n + 1, sizeof(**v));
		if (*n)
			memcpy(*v, given, *n * sizeof(**v));
	}
	image__array(io, v, n, sizeof(**v));
	image__bytes(io, *v, *n * sizeof(**v));
	for (size_t i = 0; i < *n && !io->err; i++)
		image__expect(io, (*v)[i] >= 0 && (*v)[i] <= (integers ? 0x1p48 : 1e9));
}

/* The bounds of the bins, and of the buckets that are shown. */
static void image_layout(struct image *io, struct histogram_layout **g, bool integers)
{
	__cleanup_free double *bounds = NULL, *classic = NULL;
	int schema = *g && (*g)->native ? (*g)->schema : -1;
	size_t nbounds = *g ? (*g)->nbounds : 0, nclassic = *g ? (*g)->nclassic : 0;
	struct histogram_layout *bins;
	char *why = NULL;

	image_bounds(io, *g ? (*g)->bounds : NULL, &bounds, &nbounds, integers);
	image_bounds(io, *g ? (*g)->classic : NULL, &classic, &nclassic, integers);
	image__field(io, &schema);
	image__expect(io, schema >= -1 && schema <= 3);
	if (!image__is_reading(io) || io->err)
		return;
	if (integers)
		schema = HISTOGRAM_INTEGERS;
	image__expect(io, !histogram_layout__build(bounds, nbounds, schema, &bins, &why));
	free(why);
	if (io->err)
		return;
	*g = histogram_layout__view(bins, classic, nclassic);
	histogram_layout__free(bins);
}

static void image_grids(struct image *io, struct served *s)
{
	bool there = s->layout;

	image__flag(io, &there);
	if (!there || io->err)
		return;
	image_layout(io, &s->layout, false);
	image_layout(io, &s->size_layout, true);
}

static void image_generation(struct image *io, struct served_generation *g,
			     const struct histogram_layout *layout)
{
	banks__image(io, &g->banks);
	g->banks.layout = layout;
	image__field(io, &g->board_source.fd);
	image__field(io, &g->board_source.size);
	image__field(io, &g->in_flight_source.fd);
	image__field(io, &g->in_flight_source.size);
	image__field(io, &g->ntargets);
	if (!image__is_reading(io))
		return;
	image__expect(io, g->ntargets == g->banks.label_sets.first);
	image__expect(io, shared_missed__size(g->ntargets) <= g->board_source.size);
	image__expect(io, g->ntargets <= g->in_flight_source.size / sizeof(*g->in_flight));
	image__expect(io, layout && g->banks.cells.width >= RP_CELL_BINS + layout->nbins);
	image__expect(io, !g->banks.pool.nbanks || g->banks.pool.width == g->banks.cells.width);
	g->extras = calloc(io->err ? 1 : g->ntargets + 1, sizeof(*g->extras));
	io->err = g->extras ? io->err : -ENOMEM;
}

/* Labels need only their names: the texts come as updates. */
static void image_extra(struct image *io, struct capture_spec *x)
{
	image__array(io, &x->labels, &x->nlabels, sizeof(*x->labels));
	image__expect(io, x->nlabels <= CAPTURE_LABELS_MAX);
	for (size_t i = 0; i < x->nlabels && !io->err; i++)
		image_text(io, &x->labels[i].name);
	image__field(io, &x->kernel.max_series);
	image__field(io, &x->keep);
	image__field(io, &x->kernel.sampling.per_second);
	image__field(io, &x->histogram);
	image__field(io, &x->nhistograms);
	image__field(io, &x->kernel.nobserved);
	image__expect(io, x->kernel.nobserved <= RP_OBSERVED);
	for (uint32_t i = 0; i < x->kernel.nobserved && !io->err; i++)
		image_text(io, &x->observed[i]);
	image__field(io, &x->kernel.nmeasured);
	image__expect(io, x->kernel.nobserved + x->kernel.nmeasured <= RP_OBSERVED);
	image__field(io, &x->kernel.measured);
	image__field(io, &x->counters);
}

/* Of a target that has its own. */
static void image_buckets(struct image *io, struct served *s, struct target *t)
{
	__cleanup_free double *bounds = NULL;
	size_t n = t->layout ? t->layout->nclassic : 0;

	image_bounds(io, t->layout ? t->layout->classic : NULL, &bounds, &n, false);
	image__expect(io, s->layout);
	if (image__is_reading(io) && !io->err)
		t->layout = histogram_views__get(&s->views, s->layout, bounds, n);
}

static void image_target(struct image *io, struct served *s, struct target *t)
{
	bool extra = t->capture, own = t->layout;

	image__field(io, &t->id);
	image__field(io, &t->type);
	image__field(io, &t->kind);
	image__field(io, &t->error.test);
	image__field(io, &t->error.classes);
	image__field(io, &t->reason);
	image__flag(io, &t->untimed);
	image__flag(io, &t->selected);
	image_text(io, &t->object);
	image_text(io, &t->function);
	image_text(io, &t->signature);
	image_text(io, &t->why);
	image_text(io, &t->note);
	image_text(io, &t->uncounted);
	image__array(io, &t->enumerators, &t->nenumerators, sizeof(*t->enumerators));
	for (size_t i = 0; i < t->nenumerators && !io->err; i++) {
		image__field(io, &t->enumerators[i].value);
		image_text(io, &t->enumerators[i].name);
	}
	image__expect(io, t->type < TARGET_TYPES && t->kind < RP_KIND_MAX &&
				  t->reason < REASON_MAX && t->function);
	image__flag(io, &own);
	if (own && !io->err)
		image_buckets(io, s, t);
	image__flag(io, &extra);
	if (!extra || io->err)
		return;
	if (image__is_reading(io))
		t->capture = calloc(1, sizeof(*t->capture));
	if (t->capture)
		image_extra(io, t->capture);
	else
		io->err = -ENOMEM;
}

static void image_row(struct image *io, struct served *s, struct served_row *row, struct target *t)
{
	struct target_state *st = &row->state;
	struct served_generation *g;

	image__flag(io, &st->again);
	image__expect(io, !st->again || row > s->rows);
	if (st->again && !io->err)
		t = (struct target *)row[-1].state.target;
	else
		image_target(io, s, t);
	image_text(io, &st->object);
	image_text(io, &st->function);
	image_text(io, &st->probe);
	image__expect(io, st->object && st->function);
	image__flag(io, &st->attached);
	image_text(io, &st->mechanism);
	image_text(io, &st->caveat);
	image__field(io, &st->former_files);
	image__field(io, &st->nfiles);
	image_text(io, &st->files);
	image__field(io, &st->left_out);
	image__field(io, &st->created);
	image_text(io, &st->notes.description);
	image_text(io, &st->notes.expected);
	image__field(io, &st->notes.waits);
	image__flag(io, &st->longer);
	image__flag(io, &st->has_max_rate);
	image__flag(io, &st->has_max_cpu);
	image__field(io, &st->detached);
	image__field(io, &row->generation);
	if (!image__is_reading(io))
		return;
	st->target = t;
	image__expect(io, row->generation < s->ngenerations || row->generation == SERVED_NOWHERE);
	if (io->err || row->generation == SERVED_NOWHERE)
		return;
	g = &s->generations[row->generation];
	image__expect(io, t->id < g->ntargets);
	if (!io->err)
		g->extras[t->id] = t->capture;
}

static void image_rows(struct image *io, struct served *s)
{
	image__array(io, &s->rows, &s->n, sizeof(*s->rows));
	if (image__is_reading(io) && !io->err) {
		s->targets = calloc(s->n + 1, sizeof(*s->targets));
		io->err = s->targets ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < s->n && !io->err; i++)
		image_row(io, s, &s->rows[i],
			  image__is_reading(io) ? &s->targets[i]
						: (struct target *)s->rows[i].state.target);
}

static void image_web(struct image *io, struct web_config *web)
{
	image_text(io, &web->telemetry_path);
	image_text(io, &web->config_file);
	image__field(io, &web->max_requests);
	image__flag(io, &web->lifecycle);
	image__flag(io, &web->openmetrics_created);
	image__expect(io, web->telemetry_path);
}

void served__image(struct image *io, struct served *s)
{
	image_web(io, &s->web);
	image__flag(io, &s->tls);
	image__flag(io, &s->ready);
	image__array(io, &s->listeners, &s->nlisteners, sizeof(*s->listeners));
	for (size_t i = 0; i < s->nlisteners && !io->err; i++) {
		image__field(io, &s->listeners[i].fd);
		image__field(io, &s->listeners[i].port);
		image_text(io, &s->listeners[i].name);
	}
	image__field(io, &s->channels);
	image__array(io, &s->copies, &s->ncopies, sizeof(*s->copies));
	image__bytes(io, s->copies, s->ncopies * sizeof(*s->copies));
	image__field(io, &s->told);
	image__field(io, &s->counted);
	image__field(io, &s->history);
	image__field(io, &s->web_texts);
	image__field(io, &s->web_texts_len);
	image__field(io, &s->gone);
	image__field(io, &s->cell_bytes);
	image_grids(io, s);
	image__array(io, &s->generations, &s->ngenerations, sizeof(*s->generations));
	for (size_t i = 0; i < s->ngenerations && !io->err; i++)
		image_generation(io, &s->generations[i], s->layout);
	image_rows(io, s);
	image__block(io, &s->updates, &s->updates_len);
}

/* ---- writing ------------------------------------------------------------------------------- */

int served__write(const struct served *s, enum log_level level, enum log_format format)
{
	struct served_head head = { .magic = MAGIC, .log_level = level, .log_format = format };
	__cleanup_buf struct buf b = {};
	struct image io = { .out = &b };

	buf__append(&b, &head, sizeof(head));
	served__image(&io, (struct served *)s); /* writing changes nothing */
	if (io.err)
		return io.err;
	head.size = b.len;
	memcpy(b.data, &head, sizeof(head));
	return shared_memory__seal(b.data, b.len);
}

size_t served__descriptors(const struct served *s, int **out)
{
	int *fds = xcalloc(s->nlisteners + s->ncopies + SERVED_CHANNELS + 4 +
				   s->ngenerations * (BANKS + 2),
			   sizeof(*fds));
	size_t n = 0;

	for (size_t i = 0; i < s->nlisteners; i++)
		fds[n++] = s->listeners[i].fd;
	for (size_t i = 0; i < s->ncopies; i++)
		fds[n++] = s->copies[i];
	for (int i = 0; i < SERVED_CHANNELS; i++)
		fds[n++] = s->channels[i];
	fds[n++] = s->told;
	fds[n++] = s->counted;
	fds[n++] = s->history;
	fds[n++] = s->web_texts;
	for (size_t g = 0; g < s->ngenerations; g++) {
		for (int i = 0; i < BANKS; i++)
			fds[n++] = s->generations[g].banks.sources[i].fd;
		fds[n++] = s->generations[g].board_source.fd;
		fds[n++] = s->generations[g].in_flight_source.fd;
	}
	*out = fds;
	return n;
}

/* ---- reading ------------------------------------------------------------------------------- */

int served__read_head(int fd, struct served_head *out)
{
	struct stat st;

	if (!shared_memory__is_sealed(fd) || fstat(fd, &st) ||
	    pread(fd, out, sizeof(*out), 0) != sizeof(*out))
		return -EINVAL;
	if (strncmp(out->magic, MAGIC, sizeof(out->magic)) || out->size != (uint64_t)st.st_size ||
	    out->log_level > LOG_ERROR || out->log_format > LOG_JSON)
		return -EINVAL;
	return 0;
}

static int map_generation(struct served_generation *g)
{
	int err = banks__map(&g->banks);

	g->board = shared_memory__map(g->board_source.fd, g->board_source.size);
	if (!g->board && !err)
		err = -errno;
	close(g->board_source.fd);
	g->in_flight = shared_memory__map(g->in_flight_source.fd, g->in_flight_source.size);
	if (!g->in_flight && !err)
		err = -errno;
	close(g->in_flight_source.fd);
	return err;
}

int served__read(int fd, uint64_t size, struct served *out)
{
	const char *mapping = shared_memory__map(fd, size);
	struct image io = {};
	int err = mapping ? 0 : -errno;

	*out = (struct served){ .mapping = mapping, .mapping_len = size };
	close(fd);
	if (err)
		return err;
	io.next = mapping + sizeof(struct served_head);
	io.end = mapping + size;
	served__image(&io, out);
	image__expect(&io, io.next == io.end);
	err = io.err;
	for (size_t i = 0; i < out->ncopies && !err; i++)
		close(out->copies[i]);
	for (size_t i = 0; i < out->ngenerations && !err; i++)
		err = map_generation(&out->generations[i]);
	return err;
}

static void free_target(struct target *t)
{
	free(t->enumerators);
	if (t->capture)
		free(t->capture->labels);
	free(t->capture);
}

void served__free(struct served *s)
{
	for (size_t i = 0; i < s->ngenerations; i++) {
		struct served_generation *g = &s->generations[i];

		banks__unmap(&g->banks);
		if (g->board)
			munmap((void *)g->board, g->board_source.size);
		if (g->in_flight)
			munmap((void *)g->in_flight, g->in_flight_source.size);
		free(g->extras);
	}
	for (size_t i = 0; s->targets && i < s->n; i++)
		free_target(&s->targets[i]);
	free(s->targets);
	free(s->rows);
	free(s->generations);
	free(s->listeners);
	free(s->copies);
	histogram_views__free(&s->views);
	histogram_layout__free(s->layout);
	histogram_layout__free(s->size_layout);
	if (s->mapping)
		munmap((void *)s->mapping, s->mapping_len);
	*s = (struct served){};
}
