/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels/room.h"

#include "base/log.h"
#include "counts/snapshot.h"
#include "discover/outcome_text.h"

#define SHARE 4 /* one of so many sets goes */

struct set {
	uint64_t size, lost; /* of its target when it took the slot */
	uint64_t left_with;  /* calls when it was let go */
};

struct target_room {
	uint64_t size;	  /* of the largest set that was let go */
	uint64_t lost;	  /* of one set at most, when it was let go */
	uint64_t late;	  /* calls of sets that had been let go */
	uint64_t moved;	  /* calls that were moved to its own cell */
	uint64_t without; /* calls without room, at the last look */
	bool full;	  /* it has been logged */
};

struct label_room {
	const struct banks *banks;
	const struct targets *all;
	const struct capture_spec *const *extras;
	struct target_room *targets; /* by id */
	struct set *sets;	     /* by slot */
};

struct label_room *label_room__new(const struct banks *banks, const struct targets *all,
				   const struct capture_spec *const *extras)
{
	struct label_room *r = xcalloc(1, sizeof(*r));

	r->banks = banks;
	r->all = all;
	r->extras = extras;
	r->targets = xcalloc(all->nids + 1, sizeof(*r->targets));
	r->sets = xcalloc(banks->label_sets.n + 1, sizeof(*r->sets));
	return r;
}

void label_room__free(struct label_room *r)
{
	if (!r)
		return;
	free(r->targets);
	free(r->sets);
	free(r);
}

bool label_room__is_used(const struct label_room *r)
{
	for (size_t i = 0; i < r->all->nids; i++)
		if (r->extras[i] && r->extras[i]->keep == KEEP_TOP)
			return true;
	return false;
}

void label_room__enter(struct label_room *r, uint32_t id, uint32_t slot)
{
	r->sets[slot] = (struct set){ r->targets[id].size, r->targets[id].lost, 0 };
}

static uint32_t cell_of(const struct label_room *r, uint32_t slot)
{
	return r->banks->label_sets.first + slot;
}

void label_room__leave(struct label_room *r, uint32_t id, uint32_t slot)
{
	struct target_room *t = &r->targets[id];
	struct set *set = &r->sets[slot];

	set->left_with = snapshot__calls_in(r->banks, cell_of(r, slot));
	if (set->lost + set->left_with > t->lost)
		t->lost = set->lost + set->left_with;
}

void label_room__moved(struct label_room *r, uint32_t id, uint32_t slot, uint64_t calls)
{
	r->targets[id].moved += calls;
	r->targets[id].late += calls - r->sets[slot].left_with;
}

static uint64_t without_room(const struct label_room *r, uint32_t id)
{
	return snapshot__calls_in(r->banks, id) - r->targets[id].moved;
}

struct sized {
	uint32_t slot;
	uint64_t size;
};

static int by_size(const void *a, const void *b)
{
	const struct sized *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return x->slot < y->slot ? -1 : 1;
}

static bool is_error(struct outcome_text o)
{
	return o.outcome && !strcmp(o.outcome, "error");
}

/* What `by` counts of a cell. Errors that are counted by number are missing: see add_errors(). */
static uint64_t size_of(const struct label_room *r, uint32_t id, uint32_t cell)
{
	uint64_t words[RP_CELL_BINS + RP_GRID_MAX + RP_GRID_STEPS] = {}, errors = 0;

	snapshot__add_cell(r->banks, cell, words);
	if (r->extras[id]->by == BY_TIME)
		return words[RP_CELL_SUM];
	if (r->extras[id]->by != BY_ERRORS)
		return snap_cell__calls(&(struct snap_cell){ .words = words }, r->banks->layout);
	for (int c = 0; c < RP_CLASS_MAX; c++)
		if (is_error(outcome_text__of_class(r->all->v[id], c)))
			errors += words[RP_CELL_CLASS + c];
	return errors;
}

/* One pass over all values, however many sets there are. */
static void add_errors(const struct label_room *r, uint32_t id, struct sized *sets, size_t n)
{
	const volatile struct rp_value_slot *values = r->banks->value_slots;
	__cleanup_free uint64_t *errors = xcalloc(r->banks->label_sets.n + 1, sizeof(*errors));
	char text[24];

	for (uint32_t i = 0; i < r->banks->value_counts.n; i++) {
		uint32_t slot = values[i].cell - r->banks->label_sets.first;

		if (values[i].used && slot < r->banks->label_sets.n &&
		    is_error(outcome_text__of_number(r->all->v[id], values[i].value, text,
						     sizeof(text))))
			errors[slot] += snapshot__value_count(r->banks, i);
	}
	for (size_t i = 0; i < n; i++)
		sets[i].size += errors[sets[i].slot];
}

size_t label_room__choose(struct label_room *r, uint32_t id, uint32_t *slots, size_t n)
{
	__cleanup_free struct sized *sets = xcalloc(n + 1, sizeof(*sets));
	struct target_room *t = &r->targets[id];
	uint64_t before = t->without;
	size_t go = (n + SHARE - 1) / SHARE;

	t->without = without_room(r, id);
	if (!n || t->without == before)
		return 0;
	for (size_t i = 0; i < n; i++)
		sets[i] = (struct sized){ slots[i], r->sets[slots[i]].size +
							    size_of(r, id, cell_of(r, slots[i])) };
	if (r->extras[id]->by == BY_ERRORS)
		add_errors(r, id, sets, n);
	qsort(sets, n, sizeof(*sets), by_size);
	for (size_t i = 0; i < n; i++)
		slots[i] = sets[i].slot;
	t->size = sets[go - 1].size;
	return go;
}

uint64_t label_room__lost(struct label_room *r, uint32_t id)
{
	return r->targets[id].lost + r->targets[id].late + without_room(r, id);
}

/* The alert comes later, and only with Prometheus. */
static void say_full(struct label_room *r, uint32_t id, uint32_t sets, bool pool)
{
	const char *more = pool ? "--memory.limit" : "max_series";
	const struct target *t = r->all->v[id];

	if (r->targets[id].full)
		return;
	r->targets[id].full = true;
	if (r->extras[id]->keep == KEEP_TOP)
		log_info("%s:%s: all %u label sets are in use: from now on, the smallest go to "
			 "_other and make room for new ones; raise %s to keep more of them",
			 t->object, t->function, sets, more);
	else
		log_warn("%s:%s: all %u label sets are in use: calls with other values count as "
			 "_other; raise %s, keep the largest (keep: top), or reduce the values: "
			 "filter the calls (filter: outcome == error), use a label with fewer "
			 "values, or let idle sets go (series_ttl: 1h)",
			 t->object, t->function, sets, more);
}

void label_room__warn_of_full(struct label_room *r)
{
	__cleanup_free uint32_t *used = xcalloc(r->all->nids + 1, sizeof(*used));
	const struct label_sets_view *v = &r->banks->label_sets;
	uint32_t nfree = 0;

	for (uint32_t i = 0; i < v->n; i++) {
		if (v->v[i].used == RP_SET_FREE)
			nfree++;
		else if (v->v[i].key.id < r->all->nids)
			used[v->v[i].key.id]++;
	}
	for (uint32_t id = 0; id < r->all->nids; id++) {
		const struct capture_spec *x = r->extras[id];
		bool most = x && used[id] >= x->kernel.max_series;

		if (x && x->nlabels && (most || !nfree))
			say_full(r, id, used[id], !most);
	}
}
