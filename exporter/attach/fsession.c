/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fsession and fsession.multi (Linux 7.x): one program on a trampoline for entry and return, cloned
 * for each function or shared by all of them. They are the cheapest mechanisms, and lose calls on
 * preemptible kernels.
 */
#include <errno.h>

#include "attach/batch.h"
#include "attach/multi_links.h"
#include "attach/site.h"
#include "kernel/bpf_sys.h"

/* In a busy guest with two emulated CPUs, one takes up to 0.12 s to attach on 7.3, and 0.05 s to
 * detach. fsession.multi takes the others. */
#define MAX_CLONES 16

struct fsession {
	int link, program;
};

static const char *multi_unfit(const struct target *t)
{
	return target__is_in_module(t) ? "it is a module's function" : NULL;
}

static bool skips_twice(struct features *f)
{
	return true;
}

/* ---- fsession: clones ------------------------------------------------------------------------ */

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct fsession *x = take_ptr(slot->state);

	cleanup__close(&x->link);
	free(x);
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct fsession *x = slot->state = xcalloc(1, sizeof(*x));
	struct program_site site = site__of(slot->target);
	uint64_t cookie;

	x->program = programs__for_site(object__programs(c->obj), PROG_FSESSION, &site, &cookie);
	*at = x->program < 0 ? ATTEMPT_CLONE : ATTEMPT_ATTACH;
	x->link = x->program < 0 ? x->program : bpf_sys__link_tracing(x->program, BPF_SYS_FSESSION);
	return x->link < 0 ? x->link : 0;
}

static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct fsession *x = slots[i]->state;
		struct kernel_counts *k = &out[slots[i]->target->id];

		if (!slots[i]->attached)
			continue;
		k->has_skipped = true;
		k->skipped += programs__count_fd(x->program).skipped;
	}
}

/* ---- fsession.multi -------------------------------------------------------------------------- */

static int link_ids(struct attach_context *c, enum bpf_sys_attach type, int prog,
		    struct attach_slot **slots, size_t n, bool is_return)
{
	__cleanup_free uint32_t *ids = xcalloc(n, sizeof(*ids));
	__cleanup_free uint64_t *cookies = xcalloc(n, sizeof(*cookies));

	for (size_t i = 0; i < n; i++) {
		ids[i] = slots[i]->target->btf_id;
		cookies[i] = site__of(slots[i]->target).spec;
	}
	return bpf_sys__link_btf_ids(prog, ids, cookies, n);
}

static const struct multi_kind multi = { BPF_SYS_FSESSION_MULTI, -1, PROG_FSESSION_MULTI, -1,
					 link_ids };

#define MISSED (1U << MISSED_NO_ENTRY)

const struct attach_ops attach_fsession = {
	.name = "fsession",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_FSESSION),
	.missed = MISSED | 1U << MISSED_RECURSION,
	.files = 2,
	.max_targets = MAX_CLONES,
	.requires = FEATURE_BIT(FEATURE_FSESSION),
	.exact_with = FEATURE_BIT(FEATURE_NO_PREEMPTION),
	.by_btf_id = true,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
	.count = count,
	.skips_twice = skips_twice,
};

const struct attach_ops attach_fsession_multi = {
	.name = "fsession.multi",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_FSESSION_MULTI),
	.returns = PROG_BIT(PROG_FSESSION_MULTI),
	.missed = MISSED,
	.requires = FEATURE_BIT(FEATURE_FSESSION_MULTI),
	.exact_with = FEATURE_BIT(FEATURE_NO_PREEMPTION),
	.by_btf_id = true,
	.unfit = multi_unfit,
	MULTI_LINKS(multi),
	.skips_twice = skips_twice,
	.entered = RP_ENTERED_FSESSION_MULTI,
};
