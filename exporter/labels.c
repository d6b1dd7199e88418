/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels.h"

#include <errno.h>

#define GRACE 1.0 /* seconds; programs run for microseconds */

struct slot {
	enum { SLOT_FREE, SLOT_ACTIVE, SLOT_RETIRED } state;
	uint32_t gen;
	uint64_t named; /* number of its news */
	size_t ntexts;
	char **texts;
	uint64_t calls; /* at the last update */
	double since;	/* of the last change of calls, or of the retirement */
};

struct labels {
	struct bpfobj *obj;
	const struct target_extra **extras; /* by target id */
	size_t ntargets;
	struct slot *slots;
	uint32_t nslots;
	uint64_t news; /* so many sets were named */
	struct label_namer *namer;
};

struct labels *labels__new(struct bpfobj *obj, const struct targets *targets)
{
	struct labels *l = xcalloc(1, sizeof(*l));

	l->obj = obj;
	l->ntargets = targets->nids;
	l->extras = xcalloc(l->ntargets + 1, sizeof(*l->extras));
	for (size_t i = 0; i < l->ntargets; i++)
		l->extras[i] = targets->v[i]->extra;
	l->nslots = bpfobj__label_sets(obj).n;
	l->slots = xcalloc(l->nslots + 1, sizeof(*l->slots));
	l->namer = label_namer__new();
	return l;
}

static void forget_texts(struct slot *slot)
{
	for (size_t i = 0; i < slot->ntexts; i++)
		free(slot->texts[i]);
	free(take_ptr(slot->texts));
	slot->ntexts = 0;
}

void labels__free(struct labels *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->nslots; i++)
		forget_texts(&l->slots[i]);
	label_namer__free(l->namer);
	free(l->slots);
	free(l->extras);
	free(l);
}

const struct target_extra *const *labels__extras(const struct labels *l)
{
	return l->extras;
}

/* ---- folding ------------------------------------------------------------------------------- */

static uint32_t cell_of(const struct labels *l, uint32_t slot)
{
	return bpfobj__label_sets(l->obj).first + slot;
}

static uint32_t target_of(const struct labels *l, uint32_t slot)
{
	return bpfobj__label_sets(l->obj).v[slot].key.id;
}

static void move_words(uint64_t *from, uint64_t *to, const uint64_t *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		from[i] -= words[i];
		to[i] += words[i];
	}
}

static void fold_hists(struct labels *l, uint32_t from, uint32_t id)
{
	const struct target_extra *x = l->extras[id];
	struct ledger *ledger = bpfobj__ledger(l->obj);
	uint32_t source = bpfobj__hist_of(l->obj, from, x), width = ledger->hist_width;
	uint32_t to = bpfobj__hist_of(l->obj, id, x);

	for (uint32_t i = 0; i < x->nhistograms; i++) {
		__cleanup_free uint64_t *words = xcalloc(width, sizeof(*words));

		snapshot__add_hist(l->obj, from, source + i, words);
		move_words(&ledger->hists[(size_t)(source + i) * width],
			   &ledger->hists[(size_t)(to + i) * width], words, width);
	}
}

static void fold_cell(struct labels *l, uint32_t slot)
{
	struct ledger *ledger = bpfobj__ledger(l->obj);
	uint32_t from = cell_of(l, slot), id = target_of(l, slot), width = ledger->cell_width;
	__cleanup_free uint64_t *words = xcalloc(width, sizeof(*words));

	fold_hists(l, from, id);
	snapshot__add_cell(l->obj, from, words);
	move_words(&ledger->cells[(size_t)from * width], &ledger->cells[(size_t)id * width], words,
		   RP_CELL_GRID + bpfobj__grid(l->obj)->ncells);
	ledger->used[from] = ledger->used[id] = 1;
}

/* Of a result that finds no slot for its number, the class "other" is what remains. */
static void fold_detail(struct labels *l, uint32_t detail, uint32_t id)
{
	struct ledger *ledger = bpfobj__ledger(l->obj);
	uint64_t count = snapshot__detail(l->obj, detail);
	int to;

	if (!count)
		return;
	to = bpfobj__claim_detail(l->obj, id, bpfobj__details(l->obj)[detail].value);
	ledger->details[detail] -= count;
	if (to >= 0)
		ledger->details[to] += count;
	else
		ledger->cells[(size_t)id * ledger->cell_width + RP_CELL_CLASS + RP_CLASS_OTHER] +=
			count;
}

/* One pass over the details, however many sets there are to fold. */
static void fold_details(struct labels *l, const bool *folding)
{
	const volatile struct rp_detail *details = bpfobj__details(l->obj);
	struct label_sets_view v = bpfobj__label_sets(l->obj);
	uint32_t n = bpfobj__detail_counts(l->obj).n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = details[i].cell - v.first;

		if (details[i].used && details[i].cell >= v.first && slot < l->nslots &&
		    folding[slot])
			fold_detail(l, i, target_of(l, slot));
	}
}

static void free_slot(struct labels *l, uint32_t slot)
{
	const struct target_extra *x = l->extras[target_of(l, slot)];

	forget_texts(&l->slots[slot]);
	l->slots[slot].state = SLOT_FREE;
	__atomic_sub_fetch(&bpfobj__used(l->obj)[x->index].sets, 1, __ATOMIC_SEQ_CST);
	bpfobj__free_set(l->obj, slot);
}

static void fold(struct labels *l, const bool *folding)
{
	struct ledger *ledger = bpfobj__ledger(l->obj);

	ledger__begin(ledger);
	fold_details(l, folding);
	for (uint32_t slot = 0; slot < l->nslots; slot++) {
		if (!folding[slot])
			continue;
		fold_cell(l, slot);
		free_slot(l, slot);
	}
	ledger__end(ledger);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static void name_slot(struct labels *l, uint32_t i, const struct target_extra *x)
{
	const volatile struct rp_label_set *set = &bpfobj__label_sets(l->obj).v[i];
	struct slot *slot = &l->slots[i];
	struct rp_label_key key;

	memcpy(&key, (const void *)&set->key, sizeof(key));
	slot->gen = set->gen;
	slot->named = ++l->news;
	slot->texts = xcalloc(x->nlabels, sizeof(*slot->texts));
	for (; slot->ntexts < x->nlabels; slot->ntexts++)
		slot->texts[slot->ntexts] =
			label_namer__text(l->namer, &x->labels[slot->ntexts], &key);
}

static void retire_slot(struct labels *l, uint32_t slot)
{
	struct ledger *ledger = bpfobj__ledger(l->obj);

	/* What a reader has seen of the set, it would show twice or not at all. */
	ledger__begin(ledger);
	bpfobj__retire_set(l->obj, slot);
	ledger__end(ledger);
}

/* True: it is to be folded. */
static bool follow_slot(struct labels *l, uint32_t i, double now)
{
	const struct target_extra *x = l->extras[target_of(l, i)];
	struct slot *slot = &l->slots[i];
	uint64_t calls = slot->calls;

	if (slot->state == SLOT_RETIRED)
		return now - slot->since >= GRACE;
	if (x->series_ttl)
		calls = snapshot__calls_in(l->obj, cell_of(l, i));
	if (slot->state == SLOT_FREE) {
		name_slot(l, i, x);
		slot->state = SLOT_ACTIVE;
	} else if (calls == slot->calls) {
		if (!x->series_ttl || now - slot->since < x->series_ttl)
			return false;
		retire_slot(l, i);
		slot->state = SLOT_RETIRED;
	}
	slot->calls = calls;
	slot->since = now;
	return false;
}

void labels__update(struct labels *l, double now)
{
	struct label_sets_view v = bpfobj__label_sets(l->obj);
	__cleanup_free bool *folding = NULL;

	for (uint32_t i = 0; i < l->nslots; i++) {
		if (v.v[i].used == RP_SET_FREE || target_of(l, i) >= l->ntargets ||
		    !l->extras[target_of(l, i)] || !follow_slot(l, i, now))
			continue;
		if (!folding)
			folding = xcalloc(l->nslots, sizeof(*folding));
		folding[i] = true;
	}
	if (folding)
		fold(l, folding);
}

/* ---- news ------------------------------------------------------------------------------------ */

/* generation, slot, gen, number of texts; then each as its length and bytes. */
uint64_t labels__write_news(const struct labels *l, uint32_t generation, uint64_t since,
			    struct buf *out)
{
	for (uint32_t i = 0; i < l->nslots; i++) {
		const struct slot *slot = &l->slots[i];
		uint32_t head[] = { generation, i, slot->gen, slot->ntexts };

		if (slot->state != SLOT_ACTIVE || slot->named <= since)
			continue;
		buf__append(out, head, sizeof(head));
		for (size_t t = 0; t < slot->ntexts; t++) {
			uint32_t len = strlen(slot->texts[t]);

			buf__append(out, &len, sizeof(len));
			buf__append(out, slot->texts[t], len);
		}
	}
	return l->news;
}
