/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/missed.h"

#include "attach/by_function.h"
#include "kernel/bpf_sys.h"
#include "object/maps.h"

/* The state of a target's skipped runs between updates; see skipped_calls(), prove_losses(). */
struct skips {
	uint64_t lost, x, last;
	uint64_t proven;
	uint64_t excess; /* exported as RECURSION beyond the current value; see update_no_entry() */
};

/* The counts when a target was re-attached: the kernel restarts at 0, ours continue. */
struct base {
	uint64_t calls, no_entry, entered;
	uint64_t missed[MISSED_MAX];
};

struct missed {
	struct attach *attach;
	struct object *obj;
	struct kernel_counts *kernel; /* by target id */
	uint64_t *calls, *no_entry;   /* likewise */
	uint64_t *answered;	      /* likewise: no more than there are in calls */
	size_t n;
	struct base *base;			      /* by target id; all 0 at first */
	struct skips *skips;			      /* by target id */
	struct skips skips_shared[MISSED_MECHANISMS]; /* by mechanism */
	struct shared_missed *board;
	struct shared_memory copy; /* of the board */
};

static void publish(struct missed *m)
{
	shared_memory__put(m->copy.addr, m->board, shared_missed__size(m->n) / sizeof(uint64_t));
}

/* Without durations, no entry is watched that a return could lack. */
static uint64_t reasons_of(const struct attach_slot *slot)
{
	uint64_t of_entries = 1U << MISSED_NO_ENTRY | 1U << MISSED_DEPTH;

	return (slot->ops->missed & ~(slot->target->untimed ? of_entries : 0)) |
	       (slot->target->type == TARGET_SYSCALL ? 1U << MISSED_TRAPPED : 0) |
	       (slot->target->npoints && slot->target->capture && !slot->target->at_entry
			? 1U << MISSED_UNREADABLE
			: 0);
}

struct missed *missed__new(struct attach *a, struct object *obj)
{
	struct missed *m = xcalloc(1, sizeof(*m));
	const struct attach_slot *slots = attach__slots(a, &m->n);

	m->attach = a;
	m->obj = obj;
	m->kernel = xcalloc(m->n, sizeof(*m->kernel));
	m->calls = xcalloc(m->n, sizeof(*m->calls));
	m->no_entry = xcalloc(m->n, sizeof(*m->no_entry));
	m->answered = xcalloc(m->n, sizeof(*m->answered));
	m->base = xcalloc(m->n, sizeof(*m->base));
	m->skips = xcalloc(m->n, sizeof(*m->skips));
	m->board = xcalloc(1, shared_missed__size(m->n));
	if (shared_memory__new(&m->copy, shared_missed__size(m->n))) {
		missed__free(m);
		return NULL;
	}
	for (size_t i = 0; i < m->n; i++)
		if (slots[i].ops)
			m->board->targets[i].reasons = reasons_of(&slots[i]);
	publish(m);
	return m;
}

/* Calls whose returns our programs have seen, and filters rejected or not. Calls that others have
 * answered did not reach the functions of a system call. */
static uint64_t returned_calls(const struct missed *m, size_t id, const uint64_t *events)
{
	return m->calls[id] + events[RP_EVENT_FILTERED] - m->answered[id];
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A counter never decreases, although its parts are read one after the other. */
static void raise_to(uint64_t *counter, uint64_t v)
{
	if (v > *counter)
		*counter = v;
}

/*
 * For a session program the kernel counts a skipped entry and a skipped exit as one each. A call is
 * one of four kinds:
 *   counted
 *   e: exit without entry, which our program counts as NO_ENTRY
 *   x: entry without exit
 *   b: neither
 * e and x only occur on preemptible kernels (session.bpf.h), and only there entries are counted.
 *
 * The kernel's skipped runs are e + x + 2b; the missed calls are x + b. Entries minus exits is x
 * plus the calls in flight, which cannot be told apart. But x grows by at most the growth of the
 * skipped runs, and never exceeds them. So x is exact from the first update with no call in flight
 * on. Before, it is an upper bound; the lower one of two successive updates is used.
 *
 * A call of kind e that has not returned yet counts like x, and becomes NO_ENTRY when it returns.
 * If it sleeps, that takes a while; see update_no_entry().
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
 * Returns that the kernel counted and our program did not. The kernel counts first and then runs
 * the program, so the difference includes calls in between. An interrupt or a virtual machine's
 * host can hold them there. Preemption is disabled there, so once all running programs have ended,
 * each call that the kernel had counted is either counted by us or lost. Later calls only reduce
 * the difference.
 */
static uint64_t unseen_returns(const struct missed *m, size_t id)
{
	const struct kernel_counts *k = &m->kernel[id];
	uint64_t events[RP_EVENT_MAX], seen;

	if (!k->has_returned)
		return 0;
	snapshot__events(object__banks(m->obj), id, events);
	seen = returned_calls(m, id, events) + events[RP_EVENT_NO_ENTRY];
	return k->returned > seen ? k->returned - seen : 0;
}

static bool suspects_losses(const struct missed *m)
{
	for (size_t id = 0; id < m->n; id++)
		if (unseen_returns(m, id) > m->skips[id].proven)
			return true;
	return false;
}

/* What is not in the event counters of a span. UNWOUND: those that ran when it was detached. */
static void update_span(struct missed *m, size_t id, const struct attach_slot *slot)
{
	struct missed_target *out = &m->board->targets[id];

	raise_to(&out->missed[MISSED_RECURSION],
		 m->base[id].missed[MISSED_RECURSION] + m->kernel[id].missed[MISSED_RECURSION]);
	raise_to(&out->missed[MISSED_UNWOUND], slot->abandoned);
}

static void update_target(struct missed *m, size_t id, const struct target *t)
{
	struct missed_target *out = &m->board->targets[id];
	const struct kernel_counts *k = &m->kernel[id];
	const struct base *b = &m->base[id];
	uint64_t events[RP_EVENT_MAX], calls, no_entry, skipped;

	snapshot__events(object__banks(m->obj), id, events);
	no_entry = events[RP_EVENT_NO_ENTRY];
	calls = returned_calls(m, id, events);

	skipped = b->missed[MISSED_RECURSION] + k->missed[MISSED_RECURSION];
	if (k->has_returned)
		skipped += m->skips[id].proven;
	if (k->has_skipped)
		skipped += skipped_calls(&m->skips[id], events[RP_EVENT_ENTERED] - b->entered,
					 calls - b->calls, no_entry - b->no_entry, k->skipped);
	raise_to(&out->missed[MISSED_RECURSION], skipped);
	raise_to(&out->missed[MISSED_MAXACTIVE],
		 b->missed[MISSED_MAXACTIVE] + k->missed[MISSED_MAXACTIVE]);
	m->no_entry[id] = no_entry;
	m->skips[id].excess = k->has_skipped ? out->missed[MISSED_RECURSION] - skipped : 0;
	if (!m->answered[id]) /* they are counted in its place */
		raise_to(&out->missed[MISSED_DEPTH], events[RP_EVENT_DEPTH]);
	raise_to(&out->missed[t->npoints ? MISSED_UNREADABLE : MISSED_TRAPPED],
		 events[RP_EVENT_TRAPPED]);
	raise_to(&out->missed[MISSED_UNWOUND],
		 events[RP_EVENT_UNWOUND] + k->missed[MISSED_UNWOUND]);
}

/* The missed calls of a session program that several targets share. */
static uint64_t skipped_calls_of_all(struct missed *m, const struct attach_program_counts *p,
				     struct skips *skips)
{
	uint64_t entered[RP_ENTERED_MAX], calls = 0, no_entry = 0;
	size_t n;
	const struct attach_slot *slots = attach__slots(m->attach, &n);

	for (size_t i = 0; i < n; i++) {
		uint64_t events[RP_EVENT_MAX];

		if (!slots[i].ops || strcmp(slots[i].ops->name, p->mechanism))
			continue;
		snapshot__events(object__banks(m->obj), i, events);
		no_entry += events[RP_EVENT_NO_ENTRY];
		calls += returned_calls(m, i, events);
	}
	snapshot__entered(object__banks(m->obj), entered);
	return skipped_calls(skips, entered[p->entered], calls, no_entry,
			     p->missed[MISSED_RECURSION]);
}

/*
 * A call whose entry program was skipped appears as a return without a frame. So of a shared pair
 * only the runs that the return program missed are added.
 */
static void update_shared(struct missed *m, const struct attach_program_counts *p,
			  struct missed_program *out, struct skips *skips)
{
	out->shared = true;
	out->reasons = p->reasons;
	for (int r = 0; r < MISSED_MAX; r++) {
		uint64_t missed = p->missed[r];

		if (r == MISSED_RECURSION && p->skips_twice)
			missed = skipped_calls_of_all(m, p, skips);
		raise_to(&out->missed[r], missed);
		if (r == MISSED_RECURSION)
			skips->excess = p->skips_twice ? out->missed[r] - missed : 0;
	}
}

static void update_programs(struct missed *m, const struct attach_program_counts *programs,
			    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t mechanism = shared_missed__mechanism(programs[i].mechanism);
		struct missed_program *out = &m->board->programs[mechanism];

		/* The exporter itself switches them on for moments (probes/costs.h). */
		if (programs[i].runs && bpf_sys__stats_are_on()) {
			out->run_ns = programs[i].run_ns;
			out->runs = programs[i].runs;
		}
		if (programs[i].shared)
			update_shared(m, &programs[i], out, &m->skips_shared[mechanism]);
	}
}

/* Of all system calls together: nothing tells which one an answered call was. */
static void update_answered(struct missed *m)
{
	struct missed_program *out = &m->board->programs[MISSED_ANSWERED];
	uint64_t missed[MISSED_MAX] = {};

	if (!by_function__count_answers(m->attach, missed))
		return;
	out->shared = true;
	out->reasons = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE;
	for (int r = 0; r < MISSED_MAX; r++)
		raise_to(&out->missed[r], missed[r]);
}

/* The state of a target's skipped runs: its own, or that of the program that it shares. */
static struct skips *skips_of(struct missed *m, size_t id, const struct attach_ops *ops)
{
	uint32_t mechanism = ops ? shared_missed__mechanism(ops->name) : 0;

	if (ops && m->board->programs[mechanism].shared)
		return &m->skips_shared[mechanism];
	return &m->skips[id];
}

/*
 * Calls whose entry was skipped count as RECURSION until they return, and as NO_ENTRY then.
 * Counters must not decrease, so calls that were exported as RECURSION are not exported as NO_ENTRY
 * again.
 */
static void update_no_entry(struct missed *m)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(m->attach, &n);

	for (size_t id = 0; id < n; id++) {
		uint64_t *out = &m->board->targets[id].missed[MISSED_NO_ENTRY], fresh, held;
		struct skips *s = skips_of(m, id, slots[id].ops);

		fresh = m->no_entry[id] > *out ? m->no_entry[id] - *out : 0;
		held = lower(fresh, s->excess);
		s->excess -= held;
		*out += fresh - held;
	}
}

/* Before the calls, which have them all then. */
static void read_answered(struct missed *m)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(m->attach, &n);
	uint64_t events[RP_EVENT_MAX];

	for (size_t id = 0; id < n; id++) {
		if (!by_function__is_one(&slots[id]))
			continue;
		snapshot__events(object__banks(m->obj), id, events);
		m->answered[id] = events[RP_EVENT_ANSWERED];
	}
}

static int read_cells(struct missed *m)
{
	int err;

	read_answered(m);
	err = object_maps__refresh(m->obj);

	if (!err)
		snapshot__count_calls(object__banks(m->obj), m->calls);
	return err;
}

/* Waits for an RCU grace period, about 10 ms, only if calls seem to be lost. */
static int prove_losses(struct missed *m)
{
	int err;

	if (!suspects_losses(m) || object__wait_for_programs(m->obj))
		return 0;
	err = read_cells(m);
	for (size_t id = 0; id < m->n && !err; id++)
		raise_to(&m->skips[id].proven, unseen_returns(m, id));
	return err;
}

/* Reads the kernel's counters before the cells, so that a call that is being counted right now
 * never looks lost. */
int missed__update(struct missed *m)
{
	struct attach_program_counts programs[MECHANISMS];
	const struct attach_slot *slots;
	size_t nprograms, nslots;
	int err;

	memset(m->kernel, 0, m->n * sizeof(*m->kernel));
	attach__count(m->attach, m->kernel);
	nprograms = attach__count_programs(m->attach, programs);
	err = read_cells(m);
	if (!err)
		err = prove_losses(m);
	if (err)
		return err;
	slots = attach__slots(m->attach, &nslots);
	for (size_t id = 0; id < m->n; id++)
		if (slots[id].target->type == TARGET_SPAN)
			update_span(m, id, &slots[id]);
		else
			update_target(m, id, slots[id].target);
	update_programs(m, programs, nprograms);
	update_answered(m);
	update_no_entry(m);
	publish(m);
	return 0;
}

void missed__restart(struct missed *m, uint32_t id)
{
	uint64_t events[RP_EVENT_MAX];

	if (read_cells(m))
		return; /* keep the base of the last update */
	snapshot__events(object__banks(m->obj), id, events);
	m->base[id] = (struct base){
		.calls = returned_calls(m, id, events),
		.no_entry = events[RP_EVENT_NO_ENTRY],
		.entered = events[RP_EVENT_ENTERED],
	};
	memcpy(m->base[id].missed, m->board->targets[id].missed, sizeof(m->base[id].missed));
	m->skips[id] = (struct skips){};
}

void missed__set_overhead(struct missed *m, uint32_t id, double seconds)
{
	m->board->targets[id].overhead_ns = (uint64_t)(seconds * 1e9);
}

void missed__set_other_most(struct missed *m, uint32_t id, uint64_t calls)
{
	m->board->targets[id].other_most = calls;
}

void missed__set_sets_needed(struct missed *m, uint32_t id, uint64_t sets)
{
	m->board->targets[id].sets_needed = sets;
}

const struct shared_missed *missed__board(const struct missed *m)
{
	return m->board;
}

const struct shared_memory *missed__shared(const struct missed *m)
{
	return &m->copy;
}

void missed__free(struct missed *m)
{
	if (!m)
		return;
	shared_memory__free(&m->copy);
	free(m->board);
	free(m->kernel);
	free(m->calls);
	free(m->no_entry);
	free(m->answered);
	free(m->base);
	free(m->skips);
	free(m);
}
