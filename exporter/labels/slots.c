/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels/slots.h"

#include <errno.h>

#include "base/image.h"
#include "base/log.h"
#include "counts/snapshot.h"
#include "labels/groups.h"
#include "labels/namer.h"
#include "labels/needed.h"
#include "labels/room.h"

#define GRACE	    1.0 /* seconds from being retired to being folded */
#define ROOM_PERIOD 0.5 /* seconds between looks for room */

struct slot {
	enum { SLOT_FREE, SLOT_ACTIVE, SLOT_RETIRED } state;
	uint32_t gen;
	uint64_t named; /* number of its update */
	size_t ntexts;
	char **texts;
	uint64_t calls; /* at the last check; folded calls are no new ones */
	double since;	/* the last change of calls, or the retirement */
};

/* What is due for a slot. */
enum due { NOT_DUE, TO_RETIRE, TO_FOLD };

struct label_slots {
	struct object *obj;
	const struct banks *banks;
	const struct targets *targets;
	const struct capture_spec **extras; /* by target id */
	size_t ntargets;
	struct slot *slots;
	uint32_t nslots;
	uint64_t updates; /* sets named so far */
	struct label_namer *namer;
	struct label_groups *groups; /* of named sets that are not shown in _other */
	struct label_room *room;
	struct label_needed *needed;
	bool makes_room; /* for some targets */
	double checked;	 /* when it was last updated */
};

static bool names_cgroups(const struct label_slots *l)
{
	for (size_t i = 0; i < l->ntargets; i++)
		if (capture_spec__names_cgroups(l->extras[i]))
			return true;
	return false;
}

struct label_slots *label_slots__new(struct object *obj, const struct targets *targets)
{
	struct label_slots *l = xcalloc(1, sizeof(*l));

	l->obj = obj;
	l->banks = object__banks(obj);
	l->targets = targets;
	l->ntargets = targets->nids;
	l->extras = xcalloc(l->ntargets + 1, sizeof(*l->extras));
	for (size_t i = 0; i < l->ntargets; i++)
		l->extras[i] = targets->v[i]->capture;
	l->nslots = l->banks->label_sets.n;
	l->slots = xcalloc(l->nslots + 1, sizeof(*l->slots));
	l->namer = label_namer__new("/proc");
	if (names_cgroups(l))
		label_namer__watch_cgroups(l->namer, obj);
	l->groups = label_groups__new(l->nslots);
	l->room = label_room__new(l->banks, targets, l->extras);
	l->makes_room = label_room__is_used(l->room);
	l->needed = label_needed__new(obj, targets, l->extras);
	return l;
}

static void forget_texts(struct slot *slot)
{
	for (size_t i = 0; i < slot->ntexts; i++)
		free(slot->texts[i]);
	free(take_ptr(slot->texts));
	slot->ntexts = 0;
}

void label_slots__free(struct label_slots *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->nslots; i++)
		forget_texts(&l->slots[i]);
	label_needed__free(l->needed);
	label_room__free(l->room);
	label_groups__free(l->groups);
	label_namer__free(l->namer);
	free(l->slots);
	free(l->extras);
	free(l);
}

/* ---- folding ------------------------------------------------------------------------------- */

static uint32_t cell_of(const struct label_slots *l, uint32_t slot)
{
	return l->banks->label_sets.first + slot;
}

static uint32_t target_of(const struct label_slots *l, uint32_t slot)
{
	return l->banks->label_sets.v[slot].key.id;
}

/* The cell that shows the slot's counts: its own, that of its group's leader, or that of _other.
 * They are moved there when it is folded. */
static uint32_t shown_in(const struct label_slots *l, uint32_t slot)
{
	return adjustments__alias_of(banks__adjustments(l->banks), cell_of(l, slot));
}

static void show_in(struct label_slots *l, uint32_t slot, uint32_t cell)
{
	adjustments__set_alias(banks__adjustments(l->banks), cell_of(l, slot), cell);
}

static void move_words(struct adjustments *adjustments, uint64_t *from, uint64_t *to,
		       const uint64_t *words, uint32_t n)
{
	adjustments__subtract(adjustments, from, words, n);
	adjustments__add(adjustments, to, words, n);
}

static void fold_hists(struct label_slots *l, uint32_t from, uint32_t into,
		       const struct capture_spec *x)
{
	struct adjustments *adjustments = banks__adjustments(l->banks);
	uint32_t source = banks__hist_of(l->banks, from, x), width = adjustments->hist_width;
	uint32_t to = banks__hist_of(l->banks, into, x);

	for (uint32_t i = 0; i < x->nhistograms; i++) {
		__cleanup_free uint64_t *words = xcalloc(width, sizeof(*words));

		snapshot__add_hist(l->banks, from, source + i, words);
		move_words(adjustments, &adjustments->hists[(size_t)(source + i) * width],
			   &adjustments->hists[(size_t)(to + i) * width], words, width);
	}
}

static void fold_cell(struct label_slots *l, uint32_t slot)
{
	struct adjustments *adjustments = banks__adjustments(l->banks);
	uint32_t from = cell_of(l, slot), to = shown_in(l, slot), width = adjustments->cell_width;
	__cleanup_free uint64_t *words = xcalloc(width, sizeof(*words));
	uint64_t calls;

	fold_hists(l, from, to, l->extras[target_of(l, slot)]);
	snapshot__add_cell(l->banks, from, words);
	move_words(adjustments, &adjustments->cells[(size_t)from * width],
		   &adjustments->cells[(size_t)to * width], words,
		   RP_CELL_BINS + l->banks->layout->nbins);
	adjustments__use(adjustments, from);
	adjustments__use(adjustments, to);
	calls = snap_cell__calls(&(struct snap_cell){ .words = words }, l->banks->layout);
	if (to >= cell_of(l, 0))
		l->slots[to - cell_of(l, 0)].calls += calls;
	else
		label_room__moved(l->room, to, slot, calls);
}

static uint64_t *other_of(struct adjustments *l, uint32_t cell)
{
	return &l->cells[(size_t)cell * l->cell_width + RP_CELL_CLASS + RP_CLASS_OTHER];
}

/* value: its slot. Moves it to a cell. If the cell has that value already, its count is added there
 * and the slot is freed. If there is no room, the result is counted as class "other". */
static void fold_value(struct label_slots *l, uint32_t value, uint32_t target, uint32_t cell)
{
	struct adjustments *adjustments = banks__adjustments(l->banks);
	uint64_t count = snapshot__value_count(l->banks, value);
	int to = object__move_value(l->obj, value, cell);

	if (to == (int)value)
		return;
	adjustments__subtract(adjustments, &adjustments->values[value], &count, 1);
	if (to >= 0)
		adjustments__add(adjustments, &adjustments->values[to], &count, 1);
	else
		adjustments__add(adjustments, other_of(adjustments, cell), &count, 1);
	if (l->extras[target]->returns_values)
		__atomic_sub_fetch(&object__used(l->obj)[target].values, 1, __ATOMIC_SEQ_CST);
	object__free_value(l->obj, value);
}

/* One pass over all values, however many sets there are to fold. */
static void fold_values(struct label_slots *l, const enum due *due)
{
	const volatile struct rp_value_slot *values = l->banks->value_slots;
	struct label_sets_view v = l->banks->label_sets;
	uint32_t n = l->banks->value_counts.n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = values[i].cell - v.first;

		if (values[i].used && values[i].cell >= v.first && slot < l->nslots &&
		    due[slot] == TO_FOLD)
			fold_value(l, i, target_of(l, slot), shown_in(l, slot));
	}
}

static void free_slot(struct label_slots *l, uint32_t slot)
{
	label_groups__leave(l->groups, slot);
	forget_texts(&l->slots[slot]);
	l->slots[slot].state = SLOT_FREE;
	show_in(l, slot, cell_of(l, slot));
	__atomic_sub_fetch(&object__used(l->obj)[target_of(l, slot)].sets, 1, __ATOMIC_SEQ_CST);
	object__free_set(l->obj, slot);
}

static void fold(struct label_slots *l, const enum due *due)
{
	struct adjustments *adjustments = banks__adjustments(l->banks);

	adjustments__begin(adjustments);
	fold_values(l, due);
	for (uint32_t slot = 0; slot < l->nslots; slot++) {
		if (due[slot] != TO_FOLD)
			continue;
		fold_cell(l, slot);
		free_slot(l, slot);
	}
	adjustments__end(adjustments);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A text may happen to be _other. */
static bool reads_like_others(const struct slot *slot)
{
	for (size_t i = 0; i < slot->ntexts; i++)
		if (strcmp(slot->texts[i], LABEL_OTHERS))
			return false;
	return true;
}

static void show_slot(struct label_slots *l, uint32_t i)
{
	const struct slot *slot = &l->slots[i];
	struct adjustments *adjustments = banks__adjustments(l->banks);
	uint32_t id = target_of(l, i), leader;

	if (!reads_like_others(slot)) {
		leader = label_groups__join(l->groups, i, id, slot->texts, slot->ntexts);
		if (leader == i)
			return;
		id = cell_of(l, leader);
	}
	adjustments__begin(adjustments);
	show_in(l, i, id);
	adjustments__end(adjustments);
}

static void name_slot(struct label_slots *l, uint32_t i, double now)
{
	const volatile struct rp_label_set *set = &l->banks->label_sets.v[i];
	const struct capture_spec *x = l->extras[target_of(l, i)];
	struct slot *slot = &l->slots[i];
	struct rp_label_key key;

	memcpy(&key, (const void *)&set->key, sizeof(key));
	slot->state = SLOT_ACTIVE;
	slot->gen = set->gen;
	slot->calls = 0;
	slot->since = now;
	slot->named = ++l->updates;
	label_room__enter(l->room, target_of(l, i), i);
	slot->texts = xcalloc(x->nlabels, sizeof(*slot->texts));
	for (; slot->ntexts < x->nlabels; slot->ntexts++)
		slot->texts[slot->ntexts] =
			label_namer__text(l->namer, &x->labels[slot->ntexts], &key);
	show_slot(l, i);
}

static bool is_in_use(const struct label_slots *l, uint32_t slot)
{
	return l->banks->label_sets.v[slot].used != RP_SET_FREE &&
	       target_of(l, slot) < l->ntargets && l->extras[target_of(l, slot)];
}

static void name_slots(struct label_slots *l, double now)
{
	uint64_t before = l->updates;

	for (uint32_t i = 0; i < l->nslots; i++)
		if (l->slots[i].state == SLOT_FREE && is_in_use(l, i))
			name_slot(l, i, now);
	if (l->updates != before)
		label_room__warn_of_full(l->room);
}

const char *const *label_slots__texts(struct label_slots *l, uint32_t cell, double now)
{
	uint32_t i = cell - l->banks->label_sets.first;

	if (cell < l->banks->label_sets.first || i >= l->nslots)
		return NULL;
	if (l->slots[i].state == SLOT_FREE && is_in_use(l, i))
		name_slot(l, i, now);
	return (const char *const *)l->slots[i].texts;
}

/* ---- idle sets ------------------------------------------------------------------------------- */

/* The leader of a group is retired. Shows the group's counts in its oldest member that is in use,
 * or else in _other. */
static void hand_over(struct label_slots *l, uint32_t leader)
{
	uint32_t heir = label_groups__next(l->groups, leader), i;

	while (heir != leader && l->slots[heir].state != SLOT_ACTIVE)
		heir = label_groups__next(l->groups, heir);
	if (heir != leader) {
		label_groups__lead(l->groups, heir);
		for (i = label_groups__next(l->groups, heir); i != heir;
		     i = label_groups__next(l->groups, i))
			show_in(l, i, cell_of(l, heir));
		show_in(l, heir, cell_of(l, heir));
		return;
	}
	while ((i = label_groups__next(l->groups, leader)) != leader) {
		show_in(l, i, target_of(l, i));
		label_groups__leave(l->groups, i);
	}
	show_in(l, leader, target_of(l, leader));
	label_groups__leave(l->groups, leader);
}

/* Retires all before any hand-over, so that none is handed to a set that is retired too. */
static void retire(struct label_slots *l, const enum due *due, double now)
{
	struct adjustments *adjustments = banks__adjustments(l->banks);

	/* A reader in the middle of this would show some sets twice or not at all. */
	adjustments__begin(adjustments);
	for (uint32_t i = 0; i < l->nslots; i++) {
		if (due[i] != TO_RETIRE)
			continue;
		object__retire_set(l->obj, i);
		l->slots[i].state = SLOT_RETIRED;
		l->slots[i].since = now;
		label_room__leave(l->room, target_of(l, i), i);
	}
	for (uint32_t i = 0; i < l->nslots; i++)
		if (due[i] == TO_RETIRE && shown_in(l, i) == cell_of(l, i))
			hand_over(l, i);
	adjustments__end(adjustments);
}

/* To be retired after series_ttl without a call, and folded a moment later. */
static enum due due_of(struct label_slots *l, uint32_t i, double now)
{
	const struct capture_spec *x = l->extras[target_of(l, i)];
	struct slot *slot = &l->slots[i];
	uint64_t calls;

	if (slot->state == SLOT_RETIRED)
		return now - slot->since >= GRACE ? TO_FOLD : NOT_DUE;
	if (!x->series_ttl)
		return NOT_DUE;
	calls = snapshot__calls_in(l->banks, cell_of(l, i));
	if (calls == slot->calls && now - slot->since < x->series_ttl)
		return NOT_DUE;
	if (calls == slot->calls)
		return TO_RETIRE;
	slot->since = now;
	slot->calls = calls;
	return NOT_DUE;
}

/* ---- room for new sets (keep: top) ------------------------------------------------------------
 */

/* Whether new sets of a target find no room, and none is being made. Its sets go to slots. */
static bool is_full(const struct label_slots *l, uint32_t id, uint32_t *slots, size_t *n)
{
	size_t nfree = 0;

	*n = 0;
	for (uint32_t i = 0; i < l->nslots; i++) {
		if (l->slots[i].state == SLOT_FREE)
			nfree++;
		else if (target_of(l, i) != id)
			continue;
		else if (l->slots[i].state == SLOT_RETIRED)
			return false;
		else
			slots[(*n)++] = i;
	}
	return !nfree || *n >= l->extras[id]->kernel.max_series;
}

/* Returns whether some are to be retired. */
static bool make_room(struct label_slots *l, enum due *due)
{
	__cleanup_free uint32_t *slots = xcalloc(l->nslots + 1, sizeof(*slots));
	bool found = false;
	size_t n;

	for (uint32_t id = 0; id < l->ntargets; id++) {
		if (!l->extras[id] || l->extras[id]->keep != KEEP_TOP || !is_full(l, id, slots, &n))
			continue;
		for (size_t go = label_room__choose(l->room, id, slots, n); go; go--) {
			due[slots[go - 1]] = TO_RETIRE;
			label_needed__let_go(l->needed, slots[go - 1]);
			found = true;
		}
	}
	return found;
}

static void update(struct label_slots *l, double now)
{
	__cleanup_free enum due *due = xcalloc(l->nslots + 1, sizeof(*due));
	bool found[] = { [NOT_DUE] = false, [TO_RETIRE] = false, [TO_FOLD] = false };

	name_slots(l, now);
	l->checked = now;
	for (uint32_t i = 0; i < l->nslots; i++) {
		due[i] = l->slots[i].state == SLOT_FREE ? NOT_DUE : due_of(l, i, now);
		found[due[i]] = true;
	}
	found[TO_RETIRE] |= l->makes_room && make_room(l, due);
	/* In this order, as retiring changes where folded counts go. */
	if (found[TO_RETIRE])
		retire(l, due, now);
	/* Programs that looked a set up before it was retired may still count in it. */
	if (found[TO_FOLD] && !object__wait_for_programs(l->obj))
		fold(l, due);
}

void label_slots__update(struct label_slots *l, double now)
{
	update(l, now);
	label_needed__update(l->needed, now);
}

void label_slots__name(struct label_slots *l, double now)
{
	if (l->makes_room && now - l->checked >= ROOM_PERIOD)
		update(l, now);
	else
		name_slots(l, now);
	label_needed__check(l->needed, now);
}

uint64_t label_slots__needed(const struct label_slots *l, uint32_t id)
{
	return label_needed__of(l->needed, id);
}

uint64_t label_slots__lost(struct label_slots *l, uint32_t id)
{
	return label_room__lost(l->room, id);
}

/* ---- updates --------------------------------------------------------------------------------- */

/* Format: generation, slot, gen, number of texts; then each as a block (base/image.h). */
uint64_t label_slots__write_updates(const struct label_slots *l, uint32_t generation,
				    uint64_t since, struct buf *out)
{
	struct image io = { .out = out };

	for (uint32_t i = 0; i < l->nslots; i++) {
		const struct slot *slot = &l->slots[i];
		uint32_t head[] = { generation, i, slot->gen, slot->ntexts };

		if (slot->state != SLOT_ACTIVE || slot->named <= since)
			continue;
		image__field(&io, &head);
		for (size_t t = 0; t < slot->ntexts; t++) {
			size_t len = strlen(slot->texts[t]);

			image__block(&io, (const char **)&slot->texts[t], &len);
		}
	}
	return l->updates;
}
