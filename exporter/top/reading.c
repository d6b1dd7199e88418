/* SPDX-License-Identifier: GPL-2.0-only */
/* The texts of label sets take the same way as to a server: label_slots -> updates -> label_cache.
 */
#include "top/reading.h"

#include <errno.h>

#include "base/clock.h"
#include "expr/capture.h"
#include "labels/cache.h"
#include "probes/table.h"

struct reader {
	struct label_cache *labels; /* of these generations */
	unsigned *numbers;	    /* of the generations */
	uint64_t *told;		    /* up to which update */
	size_t n;
};

struct reader *reader__new(void)
{
	return xcalloc(1, sizeof(struct reader));
}

static void forget(struct reader *r)
{
	label_cache__free(r->labels);
	free(r->numbers);
	free(r->told);
	*r = (struct reader){};
}

void reader__free(struct reader *r)
{
	if (r)
		forget(r);
	free(r);
}

/* ---- texts of label sets --------------------------------------------------------------------- */

static bool knows(const struct reader *r, const struct probe_table *table)
{
	for (size_t g = 0; g < r->n && r->n == table->ngenerations; g++)
		if (r->numbers[g] != table->generations[g]->number)
			return false;
	return r->labels && r->n == table->ngenerations;
}

/* Begins with the generations of the table. */
static void begin(struct reader *r, const struct probe_table *table)
{
	__cleanup_free uint32_t *nslots = xcalloc(table->ngenerations + 1, sizeof(*nslots));

	forget(r);
	r->n = table->ngenerations;
	r->numbers = xcalloc(r->n + 1, sizeof(*r->numbers));
	r->told = xcalloc(r->n + 1, sizeof(*r->told));
	for (size_t g = 0; g < r->n; g++) {
		r->numbers[g] = table->generations[g]->number;
		nslots[g] = object__banks(table->generations[g]->obj)->label_sets.n;
	}
	r->labels = label_cache__new(nslots, r->n);
}

static int read_texts(struct reader *r, const struct probe_table *table)
{
	__cleanup_buf struct buf updates = {};

	if (!knows(r, table))
		begin(r, table);
	for (size_t g = 0; g < r->n; g++)
		r->told[g] = label_slots__write_updates(table->generations[g]->labels, g,
							r->told[g], &updates);
	return updates.failed ? -ENOMEM : label_cache__read(r->labels, updates.data, updates.len);
}

/* ---- counters -------------------------------------------------------------------------------- */

static struct snapshot *take_snapshot(const struct generation *g)
{
	const struct targets *targets = g->targets;
	__cleanup_free const struct capture_spec **extras =
		xcalloc(targets->nids + 1, sizeof(*extras));

	for (size_t i = 0; i < targets->nids; i++)
		extras[i] = targets->v[i]->capture;
	return snapshot__take(object__banks(g->obj), extras);
}

static int take_snapshots(struct reader *r, const struct probe_table *table, struct reading *out)
{
	out->snapshots = xcalloc(table->ngenerations + 1, sizeof(*out->snapshots));
	for (; out->nsnapshots < table->ngenerations; out->nsnapshots++) {
		struct snapshot *s = take_snapshot(table->generations[out->nsnapshots]);

		if (!s)
			return -errno;
		label_cache__apply(r->labels, out->nsnapshots, s);
		if (s->hist_words > out->hist_words)
			out->hist_words = s->hist_words;
		out->snapshots[out->nsnapshots] = s;
	}
	return 0;
}

static bool is_sampled(const struct target *t)
{
	return t->capture && t->capture->kernel.sampling.per_second;
}

static void add_counts(const struct probe_table *table, const struct reading *r,
		       const struct probe_row *row, struct reading_function *f)
{
	const struct generation *g = row->generation;
	uint32_t id = row->state.target->id;
	const struct in_flight_target *in_flight = scan__shared(g->scan)->addr;
	size_t place = 0;

	while (table->generations[place] != g)
		place++;
	f->snap = &r->snapshots[place]->targets[id];
	f->in_flight = in_flight[id];
	f->sampled = is_sampled(g->targets->v[id]);
	if (f->sampled)
		memcpy(&f->sampling, (const void *)&object__banks(g->obj)->sampling[id],
		       sizeof(f->sampling));
	memcpy(f->missed, missed__board(g->missed)->targets[id].missed, sizeof(f->missed));
}

static void add_function(const struct probe_table *table, const struct probe_row *row,
			 struct reading *r)
{
	struct reading_function *f = array__grow(&r->v, &r->n, sizeof(*f));

	f->type = row->state.target->type;
	f->object = xstrdup(row->state.object);
	f->function = xstrdup(row->state.function);
	f->probe = row->state.probe ? xstrdup(row->state.probe) : NULL;
	f->created = row->state.created;
	f->state = &row->state;
	if (row->generation)
		add_counts(table, r, row, f);
}

int reader__take(struct reader *r, const struct probe_table *table, struct reading **out)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));
	int err = read_texts(r, table);

	reading->at = monotonic_seconds();
	reading->clock = now_seconds();
	if (!err)
		err = take_snapshots(r, table, reading);
	memcpy(reading->programs, table->gone, sizeof(reading->programs));
	for (size_t g = 0; g < table->ngenerations; g++)
		shared_missed__add_programs(reading->programs,
					    missed__board(table->generations[g]->missed)->programs);
	for (size_t i = 0; i < table->n && !err; i++)
		if (!table->rows[i].state.again)
			add_function(table, &table->rows[i], reading);
	if (err)
		reading__free(reading);
	else
		*out = reading;
	return err;
}

void reading__free(struct reading *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].object);
		free(r->v[i].function);
		free(r->v[i].probe);
	}
	free(r->v);
	for (size_t i = 0; i < r->nsnapshots; i++)
		snapshot__free(r->snapshots[i]);
	free(r->snapshots);
	free(r);
}
