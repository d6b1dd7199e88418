/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fexit: an fentry and an fexit program on each function's trampoline. Both are clones with the
 * target's descriptor in their code. It is the cheapest mechanism on kernels without sessions, for
 * few functions.
 */
#include <errno.h>

#include "attach/batch.h"
#include "attach/site.h"
#include "kernel/bpf_sys.h"

/* In a busy guest with two emulated CPUs, one takes 0.15 s to attach on 6.1, 0.7 s on 6.12 and 0.8
 * s on 7.3, and 0.04 to 0.13 s to detach (exporter/MECHANISMS.md). */
#define MAX_TARGETS 16

struct fexit {
	int entry, leave; /* links; entry: -1 without durations */
	int program;	  /* the fexit clone; owned by struct programs */
};

static const char *caveat(struct features *f)
{
	return features__has(f, FEATURE_NO_PREEMPTION) ? NULL : ATTACH_STRAY_RETURN;
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

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct fexit *x = take_ptr(slot->state);

	cleanup__close(&x->leave);
	cleanup__close(&x->entry);
	free(x);
}

/* The entry first: a trampoline runs the exit program only for calls that entered through it. */
static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct fexit *x = slot->state = xcalloc(1, sizeof(*x));
	const struct target *t = slot->target;
	int program;

	x->entry = x->leave = -1;
	if (!t->untimed) {
		x->entry = link_clone(c, PROG_FEXIT_ENTRY, BPF_SYS_FENTRY, t, &program, at);
		if (x->entry < 0)
			return x->entry;
	}
	x->leave = link_clone(c, t->untimed ? PROG_FEXIT_COUNT : PROG_FEXIT_RETURN, BPF_SYS_FEXIT,
			      t, &x->program, at);
	return x->leave < 0 ? x->leave : 0;
}

/* A clone belongs to one target, and so do its skipped runs. */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct fexit *x = slots[i]->state;

		if (slots[i]->attached)
			out[slots[i]->target->id].missed[MISSED_RECURSION] +=
				programs__count_fd(x->program).skipped;
	}
}

const struct attach_ops attach_fexit = {
	.name = "fexit",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_FEXIT_ENTRY) | PROG_BIT(PROG_FEXIT_RETURN),
	.counting = PROG_BIT(PROG_FEXIT_COUNT),
	.missed = 1U << MISSED_RECURSION | 1U << MISSED_NO_ENTRY,
	.files = 4,
	.max_targets = MAX_TARGETS,
	.requires = FEATURE_BIT(FEATURE_TRAMPOLINE),
	.exact_with = FEATURE_BIT(FEATURE_NO_PREEMPTION),
	.by_btf_id = true,
	.caveat = caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
	.count = count,
};
