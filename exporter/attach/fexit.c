/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fexit: an fentry and an fexit program on each function's trampoline. Both are clones with the
 * target's descriptor in their code. It is the cheapest mechanism on kernels without sessions, for
 * few functions: each takes tens of milliseconds to attach and to detach.
 */
#include <errno.h>

#include "attach/mechanism.h"
#include "attach/site.h"
#include "attach/slot.h"
#include "base/clock.h"
#include "base/progress.h"
#include "kernel/bpf_sys.h"

#define MAX_TARGETS 16

struct fexit {
	int entry, leave; /* links */
	int program;	  /* the fexit clone; owned by struct programs */
};

static const char *unavailable(struct features *f)
{
	return features__missing(f, FEATURE_TRAMPOLINE);
}

static const char *inexact(struct features *f)
{
	return features__missing(f, FEATURE_NO_PREEMPTION);
}

static const char *caveat(struct features *f)
{
	return inexact(f) ? ATTACH_STRAY_RETURN : NULL;
}

static const char *unfit(const struct target *t)
{
	return t->btf_id ? NULL : "its type is not in the kernel's BTF";
}

static int link_clone(struct attach_context *c, enum program_id id, enum bpf_sys_attach type,
		      const struct target *t, int *program, enum attempt *at)
{
	struct program_site site = site__of(t);
	uint64_t cookie;

	*program = programs__for_site(object__programs(c->obj), id, &site, &cookie);
	*at = *program < 0 ? ATTEMPT_CLONE : ATTEMPT_ATTACH;
	return *program < 0 ? *program : bpf_sys__link_tracing(*program, type);
}

static void detach_one(struct attach_slot *slot)
{
	struct fexit *x = slot->state;

	if (!x)
		return;
	cleanup__close(&x->leave);
	cleanup__close(&x->entry);
	free(x);
	slot->state = NULL;
	slot->attached = false;
}

/* The entry first: a trampoline runs the exit program only for calls that entered through it. */
static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct fexit *x = slot->state = xcalloc(1, sizeof(*x));
	int program;

	x->leave = -1;
	x->entry = link_clone(c, PROG_FEXIT_ENTRY, BPF_SYS_FENTRY, slot->target, &program, at);
	if (x->entry < 0)
		return x->entry;
	x->leave = link_clone(c, PROG_FEXIT_RETURN, BPF_SYS_FEXIT, slot->target, &x->program, at);
	return x->leave < 0 ? x->leave : 0;
}

static void attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n && !progress__poll(); i++) {
		enum attempt at;
		int err = attach_one(c, slots[i], &at);

		if (err) {
			detach_one(slots[i]);
			slot__refuse_all(&slots[i], 1, at, err);
			continue;
		}
		slots[i]->attached = true;
		slots[i]->created = now_seconds();
	}
}

static void detach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		detach_one(slots[i]);
}

/* A clone belongs to one target, and so do its skipped runs. */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct fexit *x = slots[i]->state;

		if (slots[i]->attached)
			out[slots[i]->target->id].missed[MISSED_RECURSION] =
				programs__count_fd(x->program).skipped;
	}
}

const struct attach_ops attach_fexit = {
	.name = "fexit",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_FEXIT_ENTRY) | PROG_BIT(PROG_FEXIT_RETURN),
	.missed = 1U << MISSED_RECURSION | 1U << MISSED_NO_ENTRY,
	.files = 4,
	.max_targets = MAX_TARGETS,
	.unavailable = unavailable,
	.inexact = inexact,
	.caveat = caveat,
	.unfit = unfit,
	.attach = attach,
	.detach = detach,
	.count = count,
};
