/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/missed.h"
#include "object/maps.h"

/* What is remembered of a target's skipped runs from one reading to the next; see skipped_calls(),
 * proven_losses(). */
struct skips {
	uint64_t lost, x, last;
	uint64_t proven;
	uint64_t excess; /* of what has been exported as RECURSION; see update_no_entry() */
};

/* What there was when a target was attached again: the kernel counts from 0 then, we go on. */
struct base {
	uint64_t calls, no_entry, entered;
	uint64_t missed[MISSED_MAX];
};

struct losses {
	struct attach *attach;
	struct object *obj;
	struct kernel_counts *kernel; /* by target id */
	uint64_t *calls, *no_entry;   /* likewise */
	size_t n;
	struct base *base;			      /* by target id; all 0 at first */
	struct skips *skips;			      /* by target id */
	struct skips skips_shared[MISSED_MECHANISMS]; /* by mechanism */
	struct shared_missed *board;
	struct shared_memory copy; /* of the board */
};

static void publish(struct losses *l)
{
	shared__put(l->copy.addr, l->board, shared_missed__size(l->n) / sizeof(uint64_t));
}

struct losses *losses__new(struct attach *a, struct object *obj)
{
	struct losses *l = xcalloc(1, sizeof(*l));
	const struct attach_slot *slots = attach__slots(a, &l->n);

	l->attach = a;
	l->obj = obj;
	l->kernel = xcalloc(l->n, sizeof(*l->kernel));
	l->calls = xcalloc(l->n, sizeof(*l->calls));
	l->no_entry = xcalloc(l->n, sizeof(*l->no_entry));
	l->base = xcalloc(l->n, sizeof(*l->base));
	l->skips = xcalloc(l->n, sizeof(*l->skips));
	l->board = xcalloc(1, shared_missed__size(l->n));
	if (shared__new(&l->copy, shared_missed__size(l->n))) {
		losses__free(l);
		return NULL;
	}
	for (size_t i = 0; i < l->n; i++)
		if (slots[i].ops)
			l->board->targets[i].reasons = slots[i].ops->missed;
	publish(l);
	return l;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Counters never go back, although their parts are read one after the other. */
static void raise_to(uint64_t *counter, uint64_t v)
{
	if (v > *counter)
		*counter = v;
}

/*
 * Of a session program the kernel counts skipped entries and skipped exits as one each. A call is
 * one of: counted; e, exit without entry, tallied as NO_ENTRY; x, entry without exit; b, neither.
 * Only a kernel that preempts itself knows e and x (session.bpf.h), and only there are entries
 * counted. Skipped runs are e + x + 2b, and the calls sought are x + b. Entries without an exit are
 * x and the calls that run now, which cannot be told apart; but x grows by no more than the skipped
 * runs do, and is no more than they are. So after a reading at which nothing ran, x is exact and
 * stays it; before, it is a bound from above, and of two readings in a row the lower stands.
 *
 * An e that has not returned yet is in here as a call without an exit is, and is tallied when it
 * does. Where calls sleep that takes a while; see update_no_entry().
 */
static uint64_t skipped_calls(struct skips *s, uint64_t entered, uint64_t calls, uint64_t no_entry,
			      uint64_t skipped)
{
	uint64_t lost = skipped > no_entry ? skipped - no_entry : 0;
	uint64_t without_exit = entered > calls ? entered - calls : 0;
	uint64_t grown = lost > s->lost ? lost - s->lost : 0, now, before = s->last;

	s->x = lower(lower(s->x + grown, lost), without_exit);
	s->lost = lost;
	s->last = now = (lost + s->x) / 2;
	return lower(now, before);
}

/*
 * Returns that the kernel counted and our program did not see. The kernel counts first and runs the
 * program then, so the difference also has the calls that are in between, for as long as an
 * interrupt or a virtual machine's host holds them there. They do not allow preemption, so once all
 * programs that were running have ended, every call that the kernel had counted before is either
 * counted or lost. Calls that came later only make the difference smaller.
 */
static uint64_t unseen_returns(const struct losses *l, size_t id)
{
	const struct kernel_counts *k = &l->kernel[id];
	uint64_t events[RP_EVENT_MAX], seen;

	if (!k->has_returned)
		return 0;
	snapshot__events(object__banks(l->obj), id, events);
	seen = l->calls[id] + events[RP_EVENT_NO_ENTRY] + events[RP_EVENT_FILTERED];
	return k->returned > seen ? k->returned - seen : 0;
}

static bool suspects_losses(const struct losses *l)
{
	for (size_t id = 0; id < l->n; id++)
		if (unseen_returns(l, id) > l->skips[id].proven)
			return true;
	return false;
}

static void update_target(struct losses *l, size_t id)
{
	struct missed_target *out = &l->board->targets[id];
	const struct kernel_counts *k = &l->kernel[id];
	const struct base *b = &l->base[id];
	uint64_t events[RP_EVENT_MAX], calls, no_entry, skipped;

	snapshot__events(object__banks(l->obj), id, events);
	no_entry = events[RP_EVENT_NO_ENTRY];
	calls = l->calls[id] + events[RP_EVENT_FILTERED]; /* seen, and not wanted */

	skipped = b->missed[MISSED_RECURSION] + k->missed[MISSED_RECURSION];
	if (k->has_returned)
		skipped += l->skips[id].proven;
	if (k->has_skipped)
		skipped += skipped_calls(&l->skips[id], events[RP_EVENT_ENTERED] - b->entered,
					 calls - b->calls, no_entry - b->no_entry, k->skipped);
	raise_to(&out->missed[MISSED_RECURSION], skipped);
	raise_to(&out->missed[MISSED_MAXACTIVE],
		 b->missed[MISSED_MAXACTIVE] + k->missed[MISSED_MAXACTIVE]);
	l->no_entry[id] = no_entry;
	l->skips[id].excess = k->has_skipped ? out->missed[MISSED_RECURSION] - skipped : 0;
	raise_to(&out->missed[MISSED_DEPTH], events[RP_EVENT_DEPTH]);
	raise_to(&out->missed[MISSED_TRAPPED], events[RP_EVENT_TRAPPED]);
	raise_to(&out->missed[MISSED_UNWOUND],
		 events[RP_EVENT_UNWOUND] + k->missed[MISSED_UNWOUND]);
}

/* The skipped runs of a session program that many targets share, as calls. */
static uint64_t skipped_calls_of_all(struct losses *l, const struct attach_program_counts *p,
				     struct skips *skips)
{
	uint64_t entered[RP_ENTERED_MAX], calls = 0, no_entry = 0;
	size_t n;
	const struct attach_slot *slots = attach__slots(l->attach, &n);

	for (size_t i = 0; i < n; i++) {
		uint64_t events[RP_EVENT_MAX];

		if (!slots[i].ops || strcmp(slots[i].ops->name, p->mechanism))
			continue;
		snapshot__events(object__banks(l->obj), i, events);
		no_entry += events[RP_EVENT_NO_ENTRY];
		calls += l->calls[i] + events[RP_EVENT_FILTERED];
	}
	snapshot__entered(object__banks(l->obj), entered);
	return skipped_calls(skips, entered[p->entered], calls, no_entry,
			     p->missed[MISSED_RECURSION]);
}

/*
 * A call whose entry program was skipped shows up as a return without a frame, so of a shared pair
 * only what the return program missed is added.
 */
static void update_shared(struct losses *l, const struct attach_program_counts *p,
			  struct missed_program *out, struct skips *skips)
{
	out->shared = true;
	out->reasons = p->reasons;
	for (int r = 0; r < MISSED_MAX; r++) {
		uint64_t missed = p->missed[r];

		if (r == MISSED_RECURSION && p->skips_twice)
			missed = skipped_calls_of_all(l, p, skips);
		raise_to(&out->missed[r], missed);
		if (r == MISSED_RECURSION)
			skips->excess = p->skips_twice ? out->missed[r] - missed : 0;
	}
}

static void update_programs(struct losses *l, const struct attach_program_counts *programs,
			    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t mechanism = shared_missed__mechanism(programs[i].mechanism);
		struct missed_program *out = &l->board->programs[mechanism];

		out->run_ns = programs[i].run_ns;
		out->runs = programs[i].runs;
		if (programs[i].shared)
			update_shared(l, &programs[i], out, &l->skips_shared[mechanism]);
	}
}

/* Where a target's skipped runs are reckoned: by itself, or with those that share its program. */
static struct skips *skips_of(struct losses *l, size_t id, const struct attach_ops *ops)
{
	uint32_t mechanism = ops ? shared_missed__mechanism(ops->name) : 0;

	if (ops && l->board->programs[mechanism].shared)
		return &l->skips_shared[mechanism];
	return &l->skips[id];
}

/*
 * Calls whose entry was skipped are among the skipped ones until they return, and are tallied then.
 * Counters do not go back, so as many as have been exported as RECURSION stay that, and are not
 * exported once more: each is missed once, by whatever name.
 */
static void update_no_entry(struct losses *l)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(l->attach, &n);

	for (size_t id = 0; id < n; id++) {
		uint64_t *out = &l->board->targets[id].missed[MISSED_NO_ENTRY], fresh, held;
		struct skips *s = skips_of(l, id, slots[id].ops);

		fresh = l->no_entry[id] > *out ? l->no_entry[id] - *out : 0;
		held = lower(fresh, s->excess);
		s->excess -= held;
		*out += fresh - held;
	}
}

static int read_cells(struct losses *l)
{
	int err = object_maps__refresh(l->obj);

	if (!err)
		snapshot__count_calls(object__banks(l->obj), l->calls);
	return err;
}

/* The wait is a grace period of RCU, some 10 ms, and only where calls seem to be lost. */
static int prove_losses(struct losses *l)
{
	int err;

	if (!suspects_losses(l) || object__wait_for_programs(l->obj))
		return 0;
	err = read_cells(l);
	for (size_t id = 0; id < l->n && !err; id++)
		raise_to(&l->skips[id].proven, unseen_returns(l, id));
	return err;
}

/* What the kernel counts is read before the cells are, so that the difference of the two never
 * makes a loss of a call that is just being counted. */
int losses__update(struct losses *l)
{
	struct attach_program_counts programs[MECHANISMS];
	size_t nprograms;
	int err;

	memset(l->kernel, 0, l->n * sizeof(*l->kernel));
	attach__count(l->attach, l->kernel);
	nprograms = attach__count_programs(l->attach, programs);
	err = read_cells(l);
	if (!err)
		err = prove_losses(l);
	if (err)
		return err;
	for (size_t id = 0; id < l->n; id++)
		update_target(l, id);
	update_programs(l, programs, nprograms);
	update_no_entry(l);
	publish(l);
	return 0;
}

void losses__restart(struct losses *l, uint32_t id)
{
	uint64_t events[RP_EVENT_MAX];

	if (read_cells(l))
		return; /* as of the last reading, then */
	snapshot__events(object__banks(l->obj), id, events);
	l->base[id] = (struct base){
		.calls = l->calls[id] + events[RP_EVENT_FILTERED],
		.no_entry = events[RP_EVENT_NO_ENTRY],
		.entered = events[RP_EVENT_ENTERED],
	};
	memcpy(l->base[id].missed, l->board->targets[id].missed, sizeof(l->base[id].missed));
	l->skips[id] = (struct skips){};
}

const struct shared_missed *losses__board(const struct losses *l)
{
	return l->board;
}

const struct shared_memory *losses__shared(const struct losses *l)
{
	return &l->copy;
}

void losses__free(struct losses *l)
{
	if (!l)
		return;
	shared__free(&l->copy);
	free(l->board);
	free(l->kernel);
	free(l->calls);
	free(l->no_entry);
	free(l->base);
	free(l->skips);
	free(l);
}
