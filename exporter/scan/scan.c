/* SPDX-License-Identifier: GPL-2.0-only */
#include "scan/scan.h"

#include <errno.h>

#include "attach/by_function.h"
#include "attach/in_flight.h"
#include "attach/span.h"
#include "base/clock.h"
#include "object/scan.h"
#include "scan/seen.h"

#define TASKS_KEPT 4096

struct scan {
	struct attach *attach;
	struct object *obj;
	struct features *features;
	struct seen seen;
	struct scan_calls calls;
	size_t n;			 /* targets */
	struct in_flight_target *counts; /* by target id */
	struct shared_memory copy;	 /* of the counts */

	/* During a run. */
	uint64_t now;
	struct object_starts *starts; /* NULL: not needed yet */
	struct scan_totals *totals;
};

static size_t size_of_counts(const struct scan *s)
{
	return (s->n + !s->n) * sizeof(*s->counts);
}

struct scan *scan__new(struct attach *a, struct object *obj, struct features *f)
{
	struct scan *s = xcalloc(1, sizeof(*s));

	s->attach = a;
	s->obj = obj;
	s->features = f;
	attach__slots(a, &s->n);
	s->counts = xcalloc(s->n + 1, sizeof(*s->counts));
	if (shared_memory__new(&s->copy, size_of_counts(s))) {
		scan__free(s);
		return NULL;
	}
	object_scan__open(obj); /* a refusal shows in the first run */
	return s;
}

static void forget_calls(struct scan_calls *c)
{
	free(c->tasks);
	free(c->v);
	free(c->addrs);
	*c = (struct scan_calls){};
}

void scan__free(struct scan *s)
{
	if (!s)
		return;
	seen__free(&s->seen);
	forget_calls(&s->calls);
	shared_memory__free(&s->copy);
	free(s->counts);
	free(s);
}

bool scan__is_needed(const struct scan *s)
{
	const struct programs *programs = object__programs(s->obj);

	return programs__is_selected(programs, PROG_SCAN) ||
	       programs__is_selected(programs, PROG_SCAN_SPANS);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static bool is_fexit(const struct attach_slot *slot)
{
	return slot->ops && slot->ops->programs & PROG_BIT(PROG_FEXIT_ENTRY);
}

/* Of call number i in the task, if it is one of a kernel function. 0: unknown. */
static uint64_t find_start(struct scan *s, const struct scan_found *f, uint32_t i)
{
	size_t ntargets;
	const struct attach_slot *slots = attach__slots(s->attach, &ntargets);
	uint32_t id = f->calls[i].id, before = 0, n = 0;

	for (uint32_t k = 0; k < f->task.ncalls; k++) {
		if (f->calls[k].id != id)
			continue;
		before += k < i;
		n++;
	}
	if (!s->starts)
		s->starts = object_scan__starts(s->obj);
	return object_starts__find(s->starts, id, f->task.stack,
				   is_fexit(&slots[id]) ? object_scan__bias(s->obj) : 0, before, n);
}

/* Of a kernel function, or of a system call that is attached by its functions. */
static bool is_of_function(const struct scan *s, const struct rp_scan_call *c)
{
	size_t n;
	const struct attach_slot *slot = &attach__slots(s->attach, &n)[c->id];

	return slot->target->type == TARGET_KERNEL || by_function__is_one(slot);
}

static void count_call(struct in_flight_target *t, uint64_t age)
{
	t->calls++;
	if (age > t->oldest)
		t->oldest = age;
	for (int i = 0; i < IN_FLIGHT_BOUNDS; i++)
		t->longer[i] += age > in_flight_bounds[i] * 1000000000ULL;
}

static void keep_task(struct scan_calls *c, const struct scan_found *f)
{
	*(struct scan_task *)array__grow(&c->tasks, &c->ntasks, sizeof(*c->tasks)) =
		(struct scan_task){ f->task, c->naddrs };
	c->addrs = xreallocarray(c->addrs, c->naddrs + f->task.naddrs + 1, sizeof(*c->addrs));
	memcpy(c->addrs + c->naddrs, f->addrs, f->task.naddrs * sizeof(*c->addrs));
	c->naddrs += f->task.naddrs;
}

static void on_found(void *ctx, const struct scan_found *f)
{
	struct scan *s = ctx;
	uint64_t since = seen__since(&s->seen, &f->task, s->now);
	bool kept = s->calls.ntasks < TASKS_KEPT;

	if (kept)
		keep_task(&s->calls, f);
	for (uint32_t i = 0; i < f->task.ncalls; i++) {
		const struct rp_scan_call *c = &f->calls[i];
		uint64_t start = c->start, age;

		if (c->id >= s->n || !s->counts[c->id].known)
			continue;
		if (!start && is_of_function(s, c))
			start = find_start(s, f, i);
		/* A scan takes a while, and calls begin meanwhile. */
		age = start ? start : since;
		age = s->now > age ? s->now - age : 0;
		count_call(&s->counts[c->id], age);
		if (kept)
			*(struct scan_call *)array__grow(&s->calls.v, &s->calls.n,
							 sizeof(*s->calls.v)) =
				(struct scan_call){ c->id, s->calls.ntasks - 1, c->frame, !start,
						    age };
	}
}

static bool on_batch(void *ctx)
{
	const struct scan *s = ctx;

	return cpu_seconds() >= s->totals->until;
}

/* known: whether calls of targets can be told. */
static void reset_counts(struct scan *s, bool known)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(s->attach, &n);

	for (size_t i = 0; i < n; i++)
		s->counts[i] = (struct in_flight_target){
			.known = known && slots[i].attached &&
				 !in_flight__unknown(&slots[i], s->features),
		};
}

/* A span that cannot be scanned stays unknown. */
static void scan_spans(struct scan *s)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(s->attach, &n);

	for (size_t i = 0; i < n; i++) {
		uint64_t running, start;

		if (slots[i].target->type != TARGET_SPAN || !slots[i].attached ||
		    span__scan(&slots[i], s->obj, &running, &start))
			continue;
		s->counts[i] = (struct in_flight_target){
			.known = true,
			.calls = running,
			.oldest = start && start < s->now ? s->now - start : 0,
		};
	}
}

int scan__run(struct scan *s, struct scan_totals *totals)
{
	struct scan_run run = { .found = on_found, .enough = on_batch, .ctx = s };
	int err;

	s->totals = totals;
	s->now = monotonic_ns();
	forget_calls(&s->calls);
	reset_counts(s, true);
	err = object_scan__run(s->obj, &run);
	if (err == -ENOENT) /* there are only spans */
		err = 0;
	seen__end(&s->seen);
	object_starts__free(take_ptr(s->starts));
	if (err) {
		forget_calls(&s->calls);
		reset_counts(s, false);
	}
	s->now = monotonic_ns();
	scan_spans(s);
	totals->tasks += run.tasks;
	totals->truncated |= run.stopped || run.unlisted;
	shared_memory__put(s->copy.addr, s->counts, size_of_counts(s) / sizeof(uint64_t));
	return err;
}

const struct scan_calls *scan__calls(const struct scan *s)
{
	return &s->calls;
}

const struct shared_memory *scan__shared(const struct scan *s)
{
	return &s->copy;
}
