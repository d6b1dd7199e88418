/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side of label sets, in plain arrays for one CPU: object/ is replaced (REPLACED in the
 * Makefile). There is one target. Its label shows the letter that its values share.
 */
#pragma once

#include <sys/mman.h>

#include "object/object.h"
#include "counts/snapshot.h"
#include "labels/slots.h"

enum { SLOTS = 64, CELLS = 1 + SLOTS, VALUES = 32, MAX_SERIES = 40 };
enum { HIST_WIDTH = RP_HIST_GRID + 2, CELL_WIDTH = RP_CELL_BINS + 2 };

static struct {
	uint64_t cells[CELLS][CELL_WIDTH], hists[CELLS][HIST_WIDTH], counts[VALUES];
	uint64_t events[RP_EVENT_MAX];
	struct rp_label_set sets[SLOTS];
	struct rp_value_slot slots[VALUES];
	struct rp_used used;
	struct rp_sketch without_room;
	struct banks banks, served; /* of the attacher and of a server */
	const void *copy;	    /* of the server's copy of the adjustments */
} world;

static struct enumerator letters[] = { { 1, "A" }, { 2, "A" }, { 3, "A" },
				       { 4, "B" }, { 5, "B" }, { 6, LABEL_OTHERS } };
static struct capture_label letter = { .name = "letter",
				       .format = EXPR_ENUM,
				       .enumerators = letters,
				       .nenumerators = ARRAY_SIZE(letters) };
static struct capture_spec extra = {
	.labels = &letter,
	.nlabels = 1,
	.nhistograms = 1,
	.series_ttl = 10,
	.kernel.max_series = MAX_SERIES,
	.kernel.nwords = 1,
};
static struct target target = { .object = "o", .function = "f", .capture = &extra };
static struct targets targets = { .v = (struct target *[]){ &target }, .n = 1, .nids = 1 };
static const struct histogram_layout world_layout = { .nbins = 2 };

/* A server's are those that the attacher publishes. */
static struct banks world__banks(bool reader)
{
	struct banks b = {
		.layout = &world_layout,
		.cells = { world.cells[0], 1, CELLS, 1, CELL_WIDTH, CELLS },
		.hists = { world.hists[0], 1, CELLS, 1, HIST_WIDTH, CELLS },
		.events = { world.events, 1, 1, 1, RP_EVENT_MAX, 1 },
		.value_counts = { world.counts, 1, VALUES, 1, 1, VALUES },
		.value_slots = world.slots,
		.label_sets = { world.sets, SLOTS, 1 },
		.adjustments = world.banks.adjustments,
		.own_hists = 1,
		.hists_per_set = 1,
	};

	if (reader)
		adjustments__read(&b.adjustments, world.copy);
	return b;
}

static bool world__set_up(void)
{
	struct adjustments *l = &world.banks.adjustments;

	memset(&world, 0, sizeof(world));
	*l = (struct adjustments){
		.ncells = CELLS,
		.cell_width = CELL_WIDTH,
		.nhists = CELLS,
		.hist_width = HIST_WIDTH,
		.nvalues = VALUES,
	};
	if (adjustments__init(l))
		return false;
	world.copy = shared_memory__map(l->copy.fd, l->copy.size);
	world.banks = world__banks(false);
	world.served = world__banks(true);
	return world.copy;
}

static void world__tear_down(void)
{
	munmap((void *)world.copy, world.banks.adjustments.copy.size);
	adjustments__destroy(&world.banks.adjustments);
}

const struct banks *__wrap_object__banks(const struct object *o);
const struct banks *__wrap_object__banks(const struct object *o)
{
	return &world.banks;
}

volatile struct rp_used *__wrap_object__used(const struct object *o);
volatile struct rp_used *__wrap_object__used(const struct object *o)
{
	return &world.used;
}

volatile struct rp_sketch *__wrap_object__without_room(const struct object *o, uint32_t id);
volatile struct rp_sketch *__wrap_object__without_room(const struct object *o, uint32_t id)
{
	return &world.without_room;
}

void __wrap_object__retire_set(struct object *o, uint32_t slot);
void __wrap_object__retire_set(struct object *o, uint32_t slot)
{
	world.sets[slot].used = RP_SET_RETIRED;
	world.sets[slot].gen++;
}

/* What happens during a wait, and the result of the wait. */
static void (*world__meanwhile)(void);
static int world__wait_error;

int __wrap_object__wait_for_programs(struct object *o);
int __wrap_object__wait_for_programs(struct object *o)
{
	if (world__meanwhile)
		world__meanwhile();
	return world__wait_error;
}

void __wrap_object__free_set(struct object *o, uint32_t slot);
void __wrap_object__free_set(struct object *o, uint32_t slot)
{
	world.sets[slot].used = RP_SET_FREE;
}

static int find_value(uint32_t cell, int64_t value)
{
	for (int i = 0; i < VALUES; i++)
		if (world.slots[i].used && world.slots[i].cell == cell &&
		    world.slots[i].value == value)
			return i;
	return -1;
}

int __wrap_object__move_value(struct object *o, uint32_t slot, uint32_t cell);
int __wrap_object__move_value(struct object *o, uint32_t slot, uint32_t cell)
{
	int found = find_value(cell, world.slots[slot].value);

	world.slots[slot].cell = cell;
	return found < 0 ? (int)slot : found;
}

void __wrap_object__free_value(struct object *o, uint32_t slot);
void __wrap_object__free_value(struct object *o, uint32_t slot)
{
	world.slots[slot].used = 0;
}

static int claim_value(uint32_t cell, int64_t value)
{
	int slot = find_value(cell, value);

	for (int i = 0; i < VALUES && slot < 0; i++) {
		if (world.slots[i].used)
			continue;
		slot = i;
		world.used.values += extra.returns_values;
	}
	if (slot >= 0)
		world.slots[slot] = (struct rp_value_slot){ value, cell, 1 };
	return slot;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Returns the slot of a set. A new set takes the first free one. UINT32_MAX: there is no room. */
static uint32_t world__slot(uint64_t key)
{
	const struct rp_label_key wanted = { .word[0] = key };
	uint32_t slot = 0;

	for (slot = 0; slot < SLOTS; slot++)
		if (world.sets[slot].used == RP_SET_USED && world.sets[slot].key.word[0] == key)
			return slot;
	if (world.used.sets >= extra.kernel.max_series) {
		rp_sketch_add(&world.without_room, rp_sketch_hash(&wanted, 1));
		return UINT32_MAX;
	}
	for (slot = 0; slot < SLOTS && world.sets[slot].used; slot++)
		;
	if (slot == SLOTS)
		return UINT32_MAX;
	world.sets[slot].used = RP_SET_USED;
	world.sets[slot].key = wanted;
	world.used.sets++;
	return slot;
}

/* A call that returns an errno, with an observed value. */
static void world__call(uint64_t key, int error)
{
	uint32_t cell = 1 + world__slot(key);
	int slot = claim_value(cell, error);

	if (slot < 0)
		world.cells[cell][RP_CELL_CLASS + RP_CLASS_OTHER]++;
	else
		world.counts[slot]++;
	world.cells[cell][RP_CELL_SUM] += 100;
	world.cells[cell][RP_CELL_BINS]++;
	world.hists[cell][RP_HIST_GRID]++;
}
