/* SPDX-License-Identifier: GPL-2.0-only */
#include "losses.h"

#include "attach.h"

struct losses {
	struct attach *attach;
	const struct bpfobj *obj;
	struct kernel_counts *kernel; /* by target id */
	struct losses_target *targets;
	size_t n;
	struct losses_shared shared[ATTACH_MECHANISMS_MAX];
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

static void complete_target(struct losses_target *out, const struct kernel_counts *k,
			    const struct snap_target *t, uint64_t calls)
{
	uint64_t seen = calls + t->tally[RP_TALLY_NO_ENTRY];
	uint64_t skipped = k->has_returned && k->returned > seen ? k->returned - seen : 0;

	raise_to(&out->missed[MISSED_RECURSION], k->missed[MISSED_RECURSION] + skipped);
	raise_to(&out->missed[MISSED_MAXACTIVE], k->missed[MISSED_MAXACTIVE]);
	raise_to(&out->missed[MISSED_NO_ENTRY], t->tally[RP_TALLY_NO_ENTRY]);
	raise_to(&out->missed[MISSED_DEPTH], t->tally[RP_TALLY_DEPTH]);
}

/*
 * A call whose entry program was skipped shows up as a return without a frame, so of a shared pair
 * only what the return program missed is added.
 */
static size_t complete_shared(struct losses *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->nprograms; i++) {
		const struct attach_program_counts *p = &l->programs[i];

		if (!p->shared)
			continue;
		l->shared[n].mechanism = p->mechanism;
		for (int r = 0; r < MISSED_MAX; r++)
			raise_to(&l->shared[n].missed[r], p->missed[r]);
		n++;
	}
	return n;
}

struct losses_view losses__complete(struct losses *l, const struct snapshot *s)
{
	const struct grid *grid = bpfobj__grid(l->obj);

	for (size_t i = 0; i < l->n && i < s->n; i++)
		complete_target(&l->targets[i], &l->kernel[i], &s->targets[i],
				snapshot__calls(&s->targets[i], grid));
	return (struct losses_view){
		.targets = l->targets,
		.n = l->n,
		.shared = l->shared,
		.nshared = complete_shared(l),
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
	free(l->targets);
	free(l);
}
