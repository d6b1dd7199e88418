/* SPDX-License-Identifier: GPL-2.0-only */
#include "snapshot.h"

#include <errno.h>

#include "bpfobj.h"

/* Calls of one target on all CPUs: adds cell words first..first+n-1 to out. */
static void sum_banks(struct bank_view v, uint32_t id, uint32_t first, uint32_t n, uint64_t *out)
{
	for (uint32_t cpu = 0; cpu < v.ncpus; cpu++) {
		const volatile uint64_t *bank =
			v.base + ((size_t)cpu * v.stride + id) * v.width + first;

		for (uint32_t i = 0; i < n; i++)
			out[i] += bank[i];
	}
}

/* A whole cell, summed over CPUs; scratch holds all CPUs' copies where they come by bpf(2). */
static int read_cell(const struct bpfobj *o, struct bank_view v, uint32_t id, uint32_t n,
		     uint64_t *scratch, uint64_t *out)
{
	int err;

	if (v.base) {
		sum_banks(v, id, 0, n, out);
		return 0;
	}
	err = bpfobj__read_cell(o, id, scratch);
	if (err)
		return err;
	sum_banks(
		(struct bank_view){
			.base = scratch, .ncpus = v.ncpus, .stride = 1, .width = v.width, .n = 1 },
		0, 0, n, out);
	return 0;
}

static uint64_t *new_scratch(struct bank_view v)
{
	return v.base ? NULL : calloc((size_t)v.ncpus * v.width, sizeof(uint64_t));
}

struct raw_detail {
	uint32_t cell;
	struct snap_detail detail;
};

static int compare_details(const void *a, const void *b)
{
	const struct raw_detail *x = a, *y = b;

	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	return x->detail.value < y->detail.value ? -1 : x->detail.value > y->detail.value;
}

/* Everything a snapshot points to is in one block: targets, cells, tallies, details. */
struct block {
	struct snapshot snapshot;
	struct snap_target *targets;
	uint64_t *words; /* a cell's worth for each target */
	struct snap_detail *details;
};

static size_t read_details(const struct bpfobj *o, struct raw_detail *out)
{
	const volatile struct rp_detail *slots = bpfobj__details(o);
	struct bank_view v = bpfobj__detail_counts(o);
	size_t n = 0;

	for (uint32_t slot = 0; slot < v.n; slot++) {
		uint64_t count = 0;

		if (!slots[slot].used)
			continue;
		sum_banks(v, slot, 0, 1, &count);
		if (count)
			out[n++] = (struct raw_detail){ slots[slot].cell,
							{ slots[slot].value, count } };
	}
	qsort(out, n, sizeof(*out), compare_details);
	return n;
}

static int take_details(const struct bpfobj *o, struct block *b)
{
	__cleanup_free struct raw_detail *raw = NULL;
	size_t n, i = 0;

	raw = calloc(bpfobj__detail_counts(o).n, sizeof(*raw));
	if (!raw)
		return -ENOMEM;
	n = read_details(o, raw);
	b->details = calloc(n + 1, sizeof(*b->details));
	if (!b->details)
		return -ENOMEM;
	while (i < n) {
		uint32_t id = raw[i].cell;
		size_t first = i;

		for (; i < n && raw[i].cell == id; i++)
			b->details[i] = raw[i].detail;
		if (id < b->snapshot.n) {
			b->targets[id].details = &b->details[first];
			b->targets[id].ndetails = i - first;
		}
	}
	return 0;
}

static int take_cells(const struct bpfobj *o, struct block *b)
{
	struct bank_view v = bpfobj__cells(o), tallies = bpfobj__tallies(o);
	uint32_t used = RP_CELL_GRID + bpfobj__grid(o)->ncells;
	__cleanup_free uint64_t *scratch = new_scratch(v);

	if (!v.base && !scratch)
		return -ENOMEM;
	for (uint32_t id = 0; id < v.n; id++) {
		struct snap_target *t = &b->targets[id];
		uint64_t *words = b->words + (size_t)id * used;
		int err = read_cell(o, v, id, used, scratch, words);

		if (err)
			return err;
		t->sum_ns = words[RP_CELL_SUM];
		memcpy(t->cls, words + RP_CELL_CLASS, sizeof(t->cls));
		t->cells = words + RP_CELL_GRID;
		sum_banks(tallies, id, 0, RP_TALLY_MAX, t->tally);
	}
	return 0;
}

struct snapshot *snapshot__take(const struct bpfobj *o)
{
	uint32_t n = bpfobj__cells(o).n;
	struct block *b = calloc(1, sizeof(*b));
	int err = -ENOMEM;

	if (!b)
		goto fail;
	b->targets = calloc(n, sizeof(*b->targets));
	b->words = calloc((size_t)n * (RP_CELL_GRID + bpfobj__grid(o)->ncells), sizeof(*b->words));
	if (!b->targets || !b->words)
		goto fail;
	b->snapshot = (struct snapshot){ b->targets, n };
	err = take_cells(o, b);
	if (!err)
		err = take_details(o, b);
	if (!err)
		return &b->snapshot;
fail:
	snapshot__free(b ? &b->snapshot : NULL);
	errno = -err;
	return NULL;
}

void snapshot__free(struct snapshot *s)
{
	struct block *b = (struct block *)s; /* its first member */

	if (!b)
		return;
	free(b->targets);
	free(b->words);
	free(b->details);
	free(b);
}

uint64_t snapshot__calls(const struct snap_target *t, const struct grid *g)
{
	uint64_t calls = 0;

	for (uint32_t i = 0; i < g->ncells; i++)
		calls += t->cells[i];
	return calls;
}

uint64_t snapshot__returns_seen(const struct bpfobj *o, uint32_t id)
{
	uint32_t ncells = bpfobj__grid(o)->ncells;
	struct bank_view v = bpfobj__cells(o);
	__cleanup_free uint64_t *scratch = new_scratch(v);
	__cleanup_free uint64_t *words = xcalloc(RP_CELL_GRID + ncells, sizeof(*words));
	uint64_t tally[RP_TALLY_MAX] = {}, seen = 0;

	read_cell(o, v, id, RP_CELL_GRID + ncells, scratch, words);
	for (uint32_t i = 0; i < ncells; i++)
		seen += words[RP_CELL_GRID + i];
	sum_banks(bpfobj__tallies(o), id, 0, RP_TALLY_MAX, tally);
	return seen + tally[RP_TALLY_NO_ENTRY];
}
