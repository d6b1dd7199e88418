/* SPDX-License-Identifier: GPL-2.0-only */
#include "losses.h"

#include "attach.h"

/* What is remembered of a session program from one reading to the next; see skipped_calls(). */
struct session_skips {
	uint64_t lost, x, last;
};

struct losses {
	struct attach *attach;
	const struct bpfobj *obj;
	struct kernel_counts *kernel; /* by target id */
	struct losses_target *targets;
	size_t n;
	struct losses_shared shared[ATTACH_MECHANISMS_MAX];
	struct session_skips *skips;				  /* by target id */
	struct session_skips skips_shared[ATTACH_MECHANISMS_MAX]; /* by place in shared[] */
	struct attach_program_counts programs[ATTACH_MECHANISMS_MAX];
	size_t nprograms;
};

struct losses *losses__new(struct attach *a, const struct bpfobj *obj)
{
	struct losses *l = xcalloc(1, sizeof(*l));
	const struct attach_slot *slots = attach__slots(a, &l->n);

	l->attach = a;
	l->obj = obj;
	l->kernel = xcalloc(l->n, sizeof(*l->kernel));
	l->targets = xcalloc(l->n, sizeof(*l->targets));
	l->skips = xcalloc(l->n, sizeof(*l->skips));
	for (size_t i = 0; i < l->n; i++)
		if (slots[i].ops)
			l->targets[i].reasons = slots[i].ops->missed;
	return l;
}

void losses__read_kernel(struct losses *l)
{
	memset(l->kernel, 0, l->n * sizeof(*l->kernel));
	attach__count(l->attach, l->kernel);
	l->nprograms = attach__count_programs(l->attach, l->programs);
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
 * Skipped runs are e + x + 2b, and the calls sought are x + b. Entries without an exit are x and
 * the calls that run now, which cannot be told apart; but x grows by no more than the skipped runs
 * do. So after a reading at which nothing ran, x is exact and stays it; before, it is a bound from
 * above, and of two readings in a row the lower stands.
 */
static uint64_t skipped_calls(struct session_skips *s, uint64_t entered, uint64_t calls,
			      uint64_t no_entry, uint64_t skipped)
{
	uint64_t lost = skipped > no_entry ? skipped - no_entry : 0;
	uint64_t without_exit = entered > calls ? entered - calls : 0;
	uint64_t grown = lost > s->lost ? lost - s->lost : 0, now, before = s->last;

	s->x = without_exit < s->x + grown ? without_exit : s->x + grown;
	s->lost = lost;
	s->last = now = (lost + s->x) / 2;
	return now < before ? now : before;
}

static void complete_target(struct losses *l, size_t id, const struct snap_target *t,
			    uint64_t calls)
{
	struct losses_target *out = &l->targets[id];
	const struct kernel_counts *k = &l->kernel[id];
	uint64_t no_entry = t->tally[RP_TALLY_NO_ENTRY], skipped = k->missed[MISSED_RECURSION];

	if (k->has_returned && k->returned > calls + no_entry)
		skipped += k->returned - calls - no_entry;
	if (k->has_skipped)
		skipped += skipped_calls(&l->skips[id], t->tally[RP_TALLY_ENTERED], calls, no_entry,
					 k->skipped);
	raise_to(&out->missed[MISSED_RECURSION], skipped);
	raise_to(&out->missed[MISSED_MAXACTIVE], k->missed[MISSED_MAXACTIVE]);
	raise_to(&out->missed[MISSED_NO_ENTRY], no_entry);
	raise_to(&out->missed[MISSED_DEPTH], t->tally[RP_TALLY_DEPTH]);
}

/* The skipped runs of a session program that many targets share, as calls. */
static uint64_t skipped_calls_of_all(struct losses *l, const struct attach_program_counts *p,
				     const struct snapshot *s, struct session_skips *skips)
{
	const struct grid *grid = bpfobj__grid(l->obj);
	uint64_t entered = 0, calls = 0, no_entry = 0;
	size_t n;
	const struct attach_slot *slots = attach__slots(l->attach, &n);

	for (size_t i = 0; i < n && i < s->n; i++) {
		if (!slots[i].attached || strcmp(slots[i].ops->name, p->mechanism))
			continue;
		entered += s->targets[i].tally[RP_TALLY_ENTERED];
		no_entry += s->targets[i].tally[RP_TALLY_NO_ENTRY];
		calls += snapshot__calls(&s->targets[i], grid);
	}
	return skipped_calls(skips, entered, calls, no_entry, p->missed[MISSED_RECURSION]);
}

/*
 * A call whose entry program was skipped shows up as a return without a frame, so of a shared pair
 * only what the return program missed is added.
 */
static size_t complete_shared(struct losses *l, const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < l->nprograms; i++) {
		const struct attach_program_counts *p = &l->programs[i];
		struct losses_shared *out = &l->shared[n];

		if (!p->shared)
			continue;
		out->mechanism = p->mechanism;
		for (int r = 0; r < MISSED_MAX; r++) {
			uint64_t missed = p->missed[r];

			if (r == MISSED_RECURSION && p->skips_twice)
				missed = skipped_calls_of_all(l, p, s, &l->skips_shared[n]);
			raise_to(&out->missed[r], missed);
		}
		n++;
	}
	return n;
}

struct losses_view losses__complete(struct losses *l, const struct snapshot *s)
{
	const struct grid *grid = bpfobj__grid(l->obj);

	for (size_t i = 0; i < l->n && i < s->n; i++)
		complete_target(l, i, &s->targets[i], snapshot__calls(&s->targets[i], grid));
	return (struct losses_view){
		.targets = l->targets,
		.n = l->n,
		.shared = l->shared,
		.nshared = complete_shared(l, s),
	};
}

size_t losses__programs(const struct losses *l, const struct attach_program_counts **out)
{
	*out = l->programs;
	return l->nprograms;
}

void losses__free(struct losses *l)
{
	if (!l)
		return;
	free(l->kernel);
	free(l->skips);
	free(l->targets);
	free(l);
}
