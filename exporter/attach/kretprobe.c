/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kretprobe: two tracefs events for each function, a kprobe and a kretprobe, with a BPF program on
 * each. Every supported kernel has it.
 *
 * It uses events instead of the kprobe PMU, for two reasons. Only events can set the number of
 * return slots ("r4096:"); with the default, functions that sleep lose calls. And only events are
 * in kprobe_profile. Its hits count every return at which our program was due, run or skipped. So
 * missed calls are exact per function, even on kernels that do not count skipped programs.
 *
 * The entry is attached before the return. A kretprobe fires only for calls that were entered after
 * it was armed, so our program has seen the entry of each return. The kretprobe is armed a moment
 * before its program is attached. Its hits in between are measured and subtracted.
 *
 * The return is defined before the entry. Of the probes on an instruction, the kernel calls the one
 * that was defined last first, and a kretprobe replaces the return address, which tells the entry's
 * program who called (bpf/callers.bpf.h).
 */
#include <errno.h>

#include "attach/batch.h"
#include "attach/site.h"
#include "counts/snapshot.h"
#include "kernel/kprobe_events.h"
#include "kernel/perf_event.h"
#include "kernel/syscall_functions.h"
#include "object/maps.h"

#define BASELINE_TRIES 20
/* In a busy guest with two emulated CPUs, one takes 0.03 s to attach on 6.1 and 0.07 s on 7.3, and
 * 0.19 s to detach (exporter/MECHANISMS.md). */
#define QUICK_TARGETS 64

struct kretprobe {
	bool untimed; /* without an entry */
	bool entry_defined, return_defined;
	struct perf_attachment entry, leave;
	struct kprobe_profile base_entry, base_return;
};

/*
 * By address, if it is known: kernels before 6.2 go through all symbols for a name, up to four
 * times for each event (kernel commit 60443c88f3a8).
 */
static char *location(const struct target *t)
{
	if (t->addr)
		return xasprintf("0x%lx", (unsigned long)t->addr);
	if (target__is_in_module(t))
		return xasprintf("%s:%s", t->object, t->symbol);
	return xstrdup(t->symbol);
}

/* ---- kprobe_profile ------------------------------------------------------------------------ */

/* The rows of all targets, by kind and target id. */
struct rows {
	struct kprobe_profile *v[2];
	size_t n;
};

static size_t max_id(struct attach_slot **slots, size_t n)
{
	size_t max = 0;

	for (size_t i = 0; i < n; i++)
		if (slots[i]->target->id >= max)
			max = slots[i]->target->id + 1;
	return max;
}

static struct rows new_rows(struct attach_slot **slots, size_t n)
{
	struct rows r = { .n = max_id(slots, n) * SYSCALL_FUNCTIONS };

	r.v[KPROBE_ENTRY] = xcalloc(r.n, sizeof(*r.v[0]));
	r.v[KPROBE_RETURN] = xcalloc(r.n, sizeof(*r.v[0]));
	return r;
}

static void free_rows(struct rows *r)
{
	free(r->v[KPROBE_ENTRY]);
	free(r->v[KPROBE_RETURN]);
}

/* Answered system calls have not been in a function. */
static uint64_t returns_seen(struct attach_context *c, const struct target *t)
{
	uint64_t events[RP_EVENT_MAX], seen;

	object_maps__refresh_target(c->obj, t->id);
	seen = snapshot__returns_seen(object__banks(c->obj), t->id);
	if (t->type != TARGET_SYSCALL)
		return seen;
	snapshot__events(object__banks(c->obj), t->id, events);
	return seen - events[RP_EVENT_ANSWERED];
}

/* The number of an event among those of its kind: a system call has several functions. */
static uint32_t event_of(const struct target *t, uint32_t part)
{
	return t->id * SYSCALL_FUNCTIONS + part;
}

/* The sum of a target's rows; there is false if one is missing. */
static struct kprobe_profile row_of(const struct rows *r, enum kprobe_kind kind,
				    const struct target *t)
{
	uint32_t parts = t->type == TARGET_SYSCALL ? 1 + t->nmore : 1;
	struct kprobe_profile sum = { .there = true };

	for (uint32_t i = 0; i < parts; i++) {
		const struct kprobe_profile *row = &r->v[kind][event_of(t, i)];

		sum.there &= row->there;
		sum.hits += row->hits;
		sum.missed += row->missed;
	}
	return sum;
}

static bool has_rows(const struct rows *r, const struct target *t, const struct kretprobe *k)
{
	return row_of(r, KPROBE_RETURN, t).there &&
	       (k->untimed || row_of(r, KPROBE_ENTRY, t).there);
}

/* The first function of a target counts for all. */
static bool is_first(const struct attach_slot *slot)
{
	return slot->attached && !slot->target->part;
}

/*
 * The baseline is what kprobe_profile had counted before our program was attached. The file and the
 * counters cannot be read at the same moment. So a target's baseline counts once its counters are
 * the same before and after reading the file. For a target that is never idle, the reading with the
 * fewest missed calls is kept.
 */
static void take_baseline(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	struct rows rows = new_rows(slots, n);
	__cleanup_free uint64_t *before = xcalloc(n, sizeof(*before));
	__cleanup_free bool *done = xcalloc(n, sizeof(*done));
	size_t left = n;

	for (int try = 0; try < BASELINE_TRIES && left; try++) {
		for (size_t i = 0; i < n; i++)
			if (!done[i])
				before[i] = returns_seen(c, slots[i]->target);
		if (kprobe_events__profile(c->shared, rows.v, rows.n))
			break;
		for (size_t i = 0; i < n; i++) {
			const struct target *t = slots[i]->target;
			struct kretprobe *k = slots[i]->state;
			struct kprobe_profile leave;
			uint64_t base;

			if (done[i] || !is_first(slots[i]) || !has_rows(&rows, t, k))
				continue;
			leave = row_of(&rows, KPROBE_RETURN, t);
			base = leave.hits - before[i];
			if (!k->base_return.there || (int64_t)(base - k->base_return.hits) < 0)
				k->base_return.hits = base;
			k->base_return.there = true;
			k->base_return.missed = leave.missed;
			k->base_entry = row_of(&rows, KPROBE_ENTRY, t);
			done[i] = before[i] == returns_seen(c, t);
			if (done[i])
				k->base_return.hits = base;
			left -= done[i];
		}
	}
	free_rows(&rows);
}

/* The column with the calls without a return slot appeared together with attach cookies. */
#define COUNTS_SLOTS FEATURE_ATTACH_COOKIE

/*
 * The missed column of both events has the number of times that the kernel skipped the breakpoint.
 * The kretprobe's also has the calls without a free return slot, since Linux 6.1. Without an entry,
 * all of them count as such. 5.10 adds the page faults of a program, as when it walks a user stack.
 */
static void count_one(const struct kretprobe *k, bool has_slots, const struct kprobe_profile *entry,
		      const struct kprobe_profile *leave, struct kernel_counts *out)
{
	uint64_t skipped = entry->missed - k->base_entry.missed;
	uint64_t no_slot = has_slots || k->untimed ? leave->missed - k->base_return.missed : 0;

	out->has_returned = true;
	out->returned = leave->hits - k->base_return.hits;
	out->missed[MISSED_RECURSION] = skipped;
	out->missed[MISSED_MAXACTIVE] = no_slot > skipped ? no_slot - skipped : 0;
}

/* A row may be missing from a reading while other events are added or removed. The target then
 * keeps its previous counts. */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	bool has_slots = features__has(c->features, COUNTS_SLOTS);
	struct rows rows = new_rows(slots, n);

	if (!kprobe_events__profile(c->shared, rows.v, rows.n)) {
		for (size_t i = 0; i < n; i++) {
			const struct target *t = slots[i]->target;
			const struct kretprobe *k = slots[i]->state;
			struct kprobe_profile entry, leave;

			if (!is_first(slots[i]) || !k->base_return.there || !has_rows(&rows, t, k))
				continue;
			entry = row_of(&rows, KPROBE_ENTRY, t);
			leave = row_of(&rows, KPROBE_RETURN, t);
			count_one(k, has_slots, &entry, &leave, &out[t->id]);
		}
	}
	free_rows(&rows);
}

/* ---- attaching ----------------------------------------------------------------------------- */

static int define_event(struct attach_context *c, enum kprobe_kind kind, const struct target *t)
{
	__cleanup_free char *place = location(t);

	return kprobe_events__define(c->shared, kind, event_of(t, t->part), place,
				     t->settings->maxactive);
}

static int attach_program(struct attach_context *c, enum kprobe_kind kind, enum program_id program,
			  const struct target *t, struct perf_attachment *out, enum attempt *at)
{
	struct program_site site = site__of(t);
	uint64_t cookie;
	int prog, number;

	prog = programs__for_site(object__programs(c->obj), program, &site, &cookie);
	*at = prog < 0 ? ATTEMPT_LOAD : ATTEMPT_EVENT;
	if (prog < 0)
		return prog;
	number = kprobe_events__number(c->shared, kind, event_of(t, t->part));
	return perf_event__attach(perf_event__open_tracepoint(number), prog, cookie, out);
}

static char *explain(const struct attach_slot *slot, enum attempt at, int err)
{
	const struct kretprobe *k = slot->state;
	bool at_entry = k->return_defined && k->entry.event < 0 && !k->untimed;
	const char *what = at_entry ? "the kprobe" : "the kretprobe";
	const struct target *t = slot->target;
	__cleanup_free char *advice = NULL;

	switch (at == ATTEMPT_EVENT ? err : 0) {
	case -EROFS:
		return xasprintf("%s of %s: kprobe_events is read-only here (EROFS): a sandboxed "
				 "service needs ReadWritePaths=/sys/kernel/tracing/kprobe_events",
				 what, t->function);
	case -EINVAL:
		return xasprintf(
			"%s of %s: the kernel does not let it be probed (EINVAL): it is on "
			"the kernel's blacklist, or its first instruction cannot be "
			"replaced",
			what, t->function);
	case -EADDRNOTAVAIL:
		return xasprintf("%s of %s: its name stands for several functions "
				 "(EADDRNOTAVAIL): say which by MODULE:%s",
				 what, t->function, t->function);
	default:
		advice = advice__of(at, err, (struct demand){});
		return xasprintf("%s of %s: %s", what, t->function, advice);
	}
}

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct kretprobe *k = take_ptr(slot->state);
	uint32_t event = event_of(slot->target, slot->target->part);

	perf_event__close(&k->leave);
	perf_event__close(&k->entry);
	if (k->return_defined)
		kprobe_events__remove(c->shared, KPROBE_RETURN, event);
	if (k->entry_defined)
		kprobe_events__remove(c->shared, KPROBE_ENTRY, event);
	free(k);
}

static int attach_entry(struct attach_context *c, const struct target *t, struct kretprobe *k,
			enum attempt *at)
{
	int err = define_event(c, KPROBE_ENTRY, t);

	if (err)
		return err;
	k->entry_defined = true;
	return attach_program(c, KPROBE_ENTRY, PROG_KPROBE_ENTRY, t, &k->entry, at);
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct kretprobe *k = slot->state = xcalloc(1, sizeof(*k));
	const struct target *t = slot->target;
	int err;

	*at = ATTEMPT_EVENT;
	k->entry = k->leave = PERF_ATTACHMENT_NONE;
	k->untimed = t->untimed;
	err = define_event(c, KPROBE_RETURN, t);
	if (err)
		return err;
	k->return_defined = true;
	err = k->untimed ? 0 : attach_entry(c, t, k, at);
	if (err)
		return err;
	return attach_program(c, KPROBE_RETURN, k->untimed ? PROG_KPROBE_COUNT : PROG_KPROBE_RETURN,
			      t, &k->leave, at);
}

static void attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	kprobe_events__lock(c->shared);
	batch__attach_each(c, slots, n);
	kprobe_events__unlock(c->shared);
	take_baseline(c, slots, n);
}

static int open_shared(struct attach_context *c)
{
	struct kprobe_events *e;
	int err = kprobe_events__open(features__tracefs(c->features), &e);

	c->shared = err ? NULL : e;
	return err;
}

static void close_shared(struct attach_context *c)
{
	kprobe_events__close(take_ptr(c->shared));
}

#define UNCOUNTED "calls beyond maxactive are not counted by this kernel"
#define BOUND	  "calls beyond maxactive are counted by the kernel without atomics: a bound"

static const char *caveat(struct features *f)
{
	static const char *const texts[2][2] = {
		{ UNCOUNTED, UNCOUNTED "; " ATTACH_STRAY_RETURN },
		{ BOUND, BOUND "; " ATTACH_STRAY_RETURN },
	};

	return texts[features__has(f, COUNTS_SLOTS)][!features__has(f, FEATURE_NO_PREEMPTION)];
}

const struct attach_ops attach_kretprobe = {
	.name = "kretprobe",
	.type = TARGET_KERNEL,
	.needs = KPROBE_SWITCHES,
	.programs = PROG_BIT(PROG_KPROBE_ENTRY) | PROG_BIT(PROG_KPROBE_RETURN),
	.counting = PROG_BIT(PROG_KPROBE_COUNT),
	.missed = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE | 1U << MISSED_NO_ENTRY,
	.files = 4,
	.max_targets = QUICK_TARGETS,
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS) |
		    FEATURE_BIT(FEATURE_KPROBE_EVENTS),
	.open = open_shared,
	.close = close_shared,
	.caveat = caveat,
	.attach = attach,
	.attach_one = attach_one,
	.explain = explain,
	.detach = detach,
	.count = count,
};
