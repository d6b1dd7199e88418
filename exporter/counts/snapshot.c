/* SPDX-License-Identifier: GPL-2.0-only */
#include "counts/snapshot.h"

#include <errno.h>

#define TRIES 100 /* adjustments change once a second at most */

/* ---- sums ------------------------------------------------------------------------------------ */

/* The first n words of entry i, of all banks: added to out. */
static void sum_banks(struct bank_view v, uint32_t i, uint32_t n, uint64_t *out)
{
	for (uint32_t b = 0; b < v.nbanks && i < v.n; b++) {
		const volatile uint64_t *bank =
			v.base + ((size_t)b * v.bank_stride + (size_t)i * v.stride) * v.width;

		for (uint32_t w = 0; w < n; w++)
			out[w] += bank[w];
	}
}

static void add_words(const uint64_t *words, uint32_t n, uint64_t *out)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] += words[i];
}

static bool is_adjusted(const struct adjustments *l, uint32_t cell)
{
	return l && l->used[cell];
}

static uint32_t cell_words(const struct banks *o)
{
	return RP_CELL_BINS + o->layout->nbins;
}

/* The first n words of a cell. list: of the pool, or NULL. */
static void add_cell(const struct banks *o, const struct pool_list *list, uint32_t cell, uint32_t n,
		     uint64_t *out)
{
	const struct adjustments *l = banks__adjustments(o);

	sum_banks(o->cells, cell, n, out);
	pool__add_cell(&o->pool, list, cell, n, out);
	if (is_adjusted(l, cell))
		add_words(&l->cells[(size_t)cell * l->cell_width], n, out);
}

void snapshot__add_cell(const struct banks *o, uint32_t cell, uint64_t *out)
{
	add_cell(o, NULL, cell, cell_words(o), out);
}

void snapshot__add_hist(const struct banks *o, uint32_t cell, uint32_t hist, uint64_t *out)
{
	const struct adjustments *l = banks__adjustments(o);

	sum_banks(o->hists, hist, o->hists.width, out);
	if (is_adjusted(l, cell))
		add_words(&l->hists[(size_t)hist * l->hist_width], l->hist_width, out);
}

uint64_t snapshot__value_count(const struct banks *o, uint32_t slot)
{
	const struct adjustments *l = banks__adjustments(o);
	uint64_t count = l ? l->values[slot] : 0;

	sum_banks(o->value_counts, slot, 1, &count);
	return count;
}

uint64_t snap_cell__calls(const struct snap_cell *c, const struct histogram_layout *g)
{
	uint64_t calls = c->words[RP_CELL_UNTIMED];

	for (uint32_t i = 0; i < g->nbins; i++)
		calls += c->words[RP_CELL_BINS + i];
	return calls;
}

uint64_t snapshot__calls_in(const struct banks *o, uint32_t cell)
{
	uint64_t words[RP_CELL_BINS + RP_GRID_MAX + RP_GRID_STEPS] = {};

	snapshot__add_cell(o, cell, words);
	return snap_cell__calls(&(struct snap_cell){ .words = words }, o->layout);
}

static uint32_t cells_of(const struct banks *o)
{
	return o->label_sets.first + o->label_sets.n;
}

/* The target of a cell; UINT32_MAX if it is a free label set's. */
static uint32_t target_of(const struct label_sets_view *v, uint32_t cell)
{
	uint32_t slot = cell - v->first;

	if (cell < v->first)
		return cell;
	return slot < v->n && v->v[slot].used && v->v[slot].key.id < v->first ? v->v[slot].key.id
									      : UINT32_MAX;
}

static uint64_t calls_by_class(const struct banks *o, const struct pool_list *list, uint32_t cell)
{
	uint64_t words[RP_CELL_BINS] = {}, calls = 0;

	add_cell(o, list, cell, RP_CELL_BINS, words);
	for (int c = 0; c < RP_CLASS_MAX; c++)
		calls += words[RP_CELL_CLASS + c];
	return calls;
}

/* Each call is in one class or has one value. So this reads the first cache line of each cell
 * instead of all bins. */
void snapshot__count_calls(const struct banks *o, uint64_t *calls)
{
	const volatile struct rp_value_slot *values = o->value_slots;
	struct label_sets_view v = o->label_sets;
	struct pool_list list;
	/* Without memory for a list, each cell's rows are searched for. */
	const struct pool_list *rows = pool_list__make(&o->pool, cells_of(o), &list) ? &list : NULL;

	memset(calls, 0, v.first * sizeof(*calls));
	for (uint32_t slot = 0; slot < o->value_counts.n; slot++) {
		uint32_t id = values[slot].used ? target_of(&v, values[slot].cell) : UINT32_MAX;

		if (id != UINT32_MAX)
			calls[id] += snapshot__value_count(o, slot);
	}
	for (uint32_t cell = 0; cell < cells_of(o); cell++) {
		uint32_t id = target_of(&v, cell);

		if (id != UINT32_MAX)
			calls[id] += calls_by_class(o, rows, cell);
	}
	pool_list__free(&list);
}

void snapshot__count_runs(const struct banks *o, uint64_t *runs)
{
	uint64_t events[RP_EVENT_MAX];

	snapshot__count_calls(o, runs);
	for (uint32_t id = 0; id < o->label_sets.first; id++) {
		snapshot__events(o, id, events);
		runs[id] += events[RP_EVENT_FILTERED] + events[RP_EVENT_REJECTED] +
			    events[RP_EVENT_NO_ENTRY] + events[RP_EVENT_UNWOUND] +
			    events[RP_EVENT_DEPTH] + events[RP_EVENT_TRAPPED];
	}
}

void snapshot__events(const struct banks *o, uint32_t id, uint64_t events[RP_EVENT_MAX])
{
	memset(events, 0, RP_EVENT_MAX * sizeof(*events));
	sum_banks(o->events, id, RP_EVENT_MAX, events);
	pool__add_events(&o->pool, id, events);
}

void snapshot__entered(const struct banks *o, uint64_t entered[RP_ENTERED_MAX])
{
	memset(entered, 0, RP_ENTERED_MAX * sizeof(*entered));
	sum_banks(o->entered, 0, RP_ENTERED_MAX, entered);
}

uint64_t snapshot__returns_seen(const struct banks *o, uint32_t id)
{
	struct label_sets_view v = o->label_sets;
	uint64_t events[RP_EVENT_MAX], seen;

	seen = snapshot__calls_in(o, id);
	for (uint32_t slot = 0; slot < v.n; slot++)
		if (v.v[slot].used && v.v[slot].key.id == id)
			seen += snapshot__calls_in(o, v.first + slot);
	snapshot__events(o, id, events);
	return seen + events[RP_EVENT_NO_ENTRY] + events[RP_EVENT_FILTERED];
}

/* ---- a snapshot ------------------------------------------------------------------------------ */

/* A snapshot and the memory that it points to. */
struct block {
	struct snapshot snapshot;
	/* Those with a series, then the hidden ones, which are shown in another cell. */
	struct snap_set *sets;
	size_t nsets, nhidden;
	struct snap_value *values; /* by cell, then by value */
	size_t nvalues;
	uint64_t *words; /* of all cells, and their histograms */
	struct pool_list pooled;
};

static int compare_values(const void *a, const void *b)
{
	const struct snap_value *x = a, *y = b;

	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

size_t snap_values__merge(struct snap_value *v, size_t n)
{
	size_t merged = 0;

	qsort(v, n, sizeof(*v), compare_values);
	for (size_t i = 0; i < n; i++) {
		if (merged && !compare_values(&v[merged - 1], &v[i]))
			v[merged - 1].count += v[i].count;
		else
			v[merged++] = v[i];
	}
	return merged;
}

/* Sets *cell to the cell that shows its counts. False: none does yet. */
static bool resolve_alias(const struct banks *o, const struct label_sets_view *v, uint32_t *cell)
{
	if (*cell < v->first)
		return true;
	if (v->v[*cell - v->first].used == RP_SET_FREE)
		return false;
	*cell = adjustments__alias_of(banks__adjustments(o), *cell);
	return true;
}

/* Several sets may be shown in one cell, so two slots may have the same value of it. */
static int read_values(const struct banks *o, struct block *b)
{
	const volatile struct rp_value_slot *slots = o->value_slots;
	struct label_sets_view v = o->label_sets;
	uint32_t n = o->value_counts.n;

	b->values = calloc(n + 1, sizeof(*b->values));
	if (!b->values)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < n; slot++) {
		uint32_t cell = slots[slot].cell;
		uint64_t count;

		if (!slots[slot].used || !resolve_alias(o, &v, &cell))
			continue;
		count = snapshot__value_count(o, slot);
		if (count)
			b->values[b->nvalues++] =
				(struct snap_value){ slots[slot].value, count, cell };
	}
	b->nvalues = snap_values__merge(b->values, b->nvalues);
	return 0;
}

static void find_values(const struct block *b, uint32_t cell, struct snap_cell *out)
{
	size_t lo = 0, hi = b->nvalues;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (b->values[mid].cell < cell)
			lo = mid + 1;
		else
			hi = mid;
	}
	out->values = &b->values[lo];
	for (; lo < b->nvalues && b->values[lo].cell == cell; lo++)
		out->nvalues++;
}

static void add_hists(const struct banks *o, uint32_t cell, const struct capture_spec *x,
		      uint64_t *out)
{
	for (uint32_t i = 0; i < x->nhistograms; i++)
		snapshot__add_hist(o, cell, banks__hist_of(o, cell, x) + i,
				   out + (size_t)i * o->hists.width);
}

/* Places the words at *words, and advances it. */
static void take_cell(const struct banks *o, const struct block *b, uint32_t cell,
		      const struct capture_spec *x, uint64_t **words, struct snap_cell *out)
{
	out->words = *words;
	*words += cell_words(o);
	out->hists = *words;
	add_cell(o, &b->pooled, cell, cell_words(o), out->words);
	if (x) {
		*words += (size_t)x->nhistograms * b->snapshot.hist_words;
		add_hists(o, cell, x, out->hists);
	}
	find_values(b, cell, out);
}

static int by_target(const void *a, const void *b)
{
	const struct snap_set *x = a, *y = b;

	if (x->key.id != y->key.id)
		return x->key.id < y->key.id ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* Finds the label sets with a series of their own, grouped by target, and the hidden ones. */
static int find_sets(const struct banks *o, struct block *b)
{
	struct label_sets_view v = o->label_sets;
	struct snap_set *end;

	b->sets = calloc(v.n + 1, sizeof(*b->sets));
	if (!b->sets)
		return -ENOMEM;
	end = b->sets + v.n;
	for (uint32_t slot = 0; slot < v.n; slot++) {
		struct snap_set set = { .slot = slot };
		uint32_t cell = v.first + slot;

		if (!resolve_alias(o, &v, &cell))
			continue;
		set.gen = v.v[slot].gen;
		memcpy(&set.key, (const void *)&v.v[slot].key, sizeof(set.key));
		if (set.key.id >= b->snapshot.n)
			continue;
		b->snapshot.targets[set.key.id].taken++;
		if (cell == v.first + slot)
			b->sets[b->nsets++] = set;
		else
			end[-(ssize_t)++b->nhidden] = set;
	}
	memmove(b->sets + b->nsets, end - b->nhidden, b->nhidden * sizeof(*b->sets));
	qsort(b->sets, b->nsets, sizeof(*b->sets), by_target);
	for (size_t i = 0; i < b->nsets; i++) {
		struct snap_target *t = &b->snapshot.targets[b->sets[i].key.id];

		t->sets = t->sets ? t->sets : &b->sets[i];
		t->nsets++;
	}
	for (size_t id = 0; id < b->snapshot.n; id++)
		b->snapshot.targets[id].free_sets = v.n - b->nsets - b->nhidden;
	return 0;
}

/* The cell of a series that also shows other sets. NULL: it has just changed, so this snapshot is
 * discarded. */
static struct snap_cell *find_cell(const struct block *b, uint32_t first, uint32_t id,
				   uint32_t cell)
{
	struct snap_set key = { .slot = cell - first, .key.id = id }, *found;

	if (cell < first)
		return &b->snapshot.targets[cell].cell;
	found = bsearch(&key, b->sets, b->nsets, sizeof(key), by_target);
	return found ? &found->cell : NULL;
}

/* Adds the counts of sets that are shown in another cell. */
static void add_hidden(const struct banks *o, const struct capture_spec *const *extras,
		       struct block *b)
{
	uint32_t first = o->label_sets.first;

	for (size_t i = b->nsets; i < b->nsets + b->nhidden; i++) {
		uint32_t id = b->sets[i].key.id, cell = first + b->sets[i].slot;
		uint32_t in = adjustments__alias_of(banks__adjustments(o), cell);
		struct snap_cell *out = find_cell(b, first, id, in);

		if (!out)
			continue;
		add_cell(o, &b->pooled, cell, cell_words(o), out->words);
		if (extras[id])
			add_hists(o, cell, extras[id], out->hists);
	}
}

/* Spans begin before they are anything else (bpf/probe_span.bpf.h). Read last, those that have
 * begun are never fewer than the others. */
static void take_events(const struct banks *o, uint32_t id, uint64_t events[RP_EVENT_MAX])
{
	uint64_t later[RP_EVENT_MAX];

	snapshot__events(o, id, events);
	snapshot__events(o, id, later);
	events[RP_SPAN_BEGUN] = later[RP_SPAN_BEGUN];
}

static int take_cells(const struct banks *o, const struct capture_spec *const *extras,
		      struct block *b)
{
	struct label_sets_view v = o->label_sets;
	size_t nwords = (b->snapshot.n + b->nsets) * cell_words(o);
	uint64_t *words;

	for (uint32_t id = 0; id < b->snapshot.n; id++) {
		const struct capture_spec *x = extras[id];

		if (x)
			nwords += (1 + b->snapshot.targets[id].nsets) * x->nhistograms *
				  b->snapshot.hist_words;
	}
	words = b->words = calloc(nwords + 1, sizeof(*words));
	if (!words)
		return -ENOMEM;
	for (uint32_t id = 0; id < b->snapshot.n; id++) {
		struct snap_target *t = &b->snapshot.targets[id];

		take_cell(o, b, id, extras[id], &words, &t->cell);
	}
	for (size_t i = 0; i < b->nsets; i++) {
		struct snap_set *set = &b->sets[i];

		take_cell(o, b, v.first + set->slot, extras[set->key.id], &words, &set->cell);
	}
	add_hidden(o, extras, b);
	for (uint32_t id = 0; id < b->snapshot.n; id++)
		take_events(o, id, b->snapshot.targets[id].events);
	return 0;
}

static struct block *take(const struct banks *o, const struct capture_spec *const *extras)
{
	struct block *b = calloc(1, sizeof(*b));
	int err = -ENOMEM;

	if (!b)
		goto fail;
	b->snapshot.n = o->label_sets.first;
	b->snapshot.hist_words = o->hists.width;
	b->snapshot.targets = calloc(b->snapshot.n + 1, sizeof(*b->snapshot.targets));
	if (!b->snapshot.targets)
		goto fail;
	/* Programs count a result by its value before they count it in its cell. Read in that
	 * order, the sum of the outcomes never exceeds the calls. */
	err = read_values(o, b);
	if (!err)
		err = find_sets(o, b);
	if (!err && !pool_list__make(&o->pool, cells_of(o), &b->pooled))
		err = -ENOMEM;
	if (!err)
		err = take_cells(o, extras, b);
	pool_list__free(&b->pooled);
	if (!err)
		return b;
fail:
	snapshot__free(b ? &b->snapshot : NULL);
	errno = -err;
	return NULL;
}

struct snapshot *snapshot__take(const struct banks *o, const struct capture_spec *const *extras)
{
	const struct adjustments *l = banks__adjustments(o);
	uint32_t version = 0;
	int err = 0;

	for (int try = 0; try < TRIES; try++) {
		struct block *b;

		if (l)
			err = adjustments__begin_read(l, &version);
		if (err)
			break;
		b = take(o, extras);
		if (!b || !l || !adjustments__changed(l, version))
			return b ? &b->snapshot : NULL;
		snapshot__free(&b->snapshot);
	}
	errno = EAGAIN;
	return NULL;
}

void snapshot__free(struct snapshot *s)
{
	struct block *b = (struct block *)s; /* its first member */

	if (!b)
		return;
	for (size_t i = 0; i < b->nsets; i++)
		label_texts__unref(b->sets[i].texts);
	free(b->words);
	free(s->targets);
	free(b->sets);
	free(b->values);
	free(b);
}

/* ---- texts ----------------------------------------------------------------------------------- */

struct label_texts *label_texts__ref(struct label_texts *t)
{
	__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void label_texts__unref(struct label_texts *t)
{
	if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t);
}
