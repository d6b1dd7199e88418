/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fsession and fsession.multi (Linux 7.x): one program on a trampoline for
 * entry and return, cloned for each function or shared by all of them. They are
 * the cheapest mechanisms, and lose calls on preemptible kernels.
 */
#include <errno.h>

#include "attach/batch.h"
#include "attach/multi_links.h"
#include "attach/site.h"
#include "base/clock.h"
#include "base/progress.h"
#include "kernel/bpf_sys.h"

#define MAX_CLONES 16 /* each takes tens of milliseconds to attach and to detach */

struct fsession {
	int link, program;
};

static const char *unavailable(struct features *f)
{
	return features__missing(f, FEATURE_FSESSION);
}

static const char *multi_unavailable(struct features *f)
{
	return features__missing(f, FEATURE_FSESSION_MULTI);
}

static const char *inexact(struct features *f)
{
	return features__missing(f, FEATURE_NO_PREEMPTION);
}

static const char *unfit(const struct target *t)
{
	return t->btf_id ? NULL : "its type is not in the kernel's BTF";
}

static const char *multi_unfit(const struct target *t)
{
	return strcmp(t->object, "vmlinux") ? "it is a module's function" : unfit(t);
}

static bool skips_twice(struct features *f)
{
	return true;
}

/* ---- fsession: clones
 * ------------------------------------------------------------------------ */

static void detach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fsession *x = take_ptr(slots[i]->state);

		slots[i]->attached = false;
		if (x)
			cleanup__close(&x->link);
		free(x);
	}
}

static void attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n && !progress__poll(); i++) {
		struct program_site site = site__of(slots[i]->target);
		struct fsession x = { .link = -1 };
		uint64_t cookie;

		x.program =
			programs__for_site(object__programs(c->obj), PROG_FSESSION, &site, &cookie);
		x.link = x.program < 0 ? x.program
				       : bpf_sys__link_tracing(x.program, BPF_SYS_FSESSION);
		if (x.link < 0) {
			slot__refuse_all(&slots[i], 1,
					 x.program < 0 ? ATTEMPT_CLONE : ATTEMPT_ATTACH, x.link);
			continue;
		}
		slots[i]->state = xcalloc(1, sizeof(x));
		*(struct fsession *)slots[i]->state = x;
		slots[i]->attached = true;
		slots[i]->created = now_seconds();
	}
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
		k->skipped = programs__count_fd(x->program).skipped;
	}
}

/* ---- fsession.multi
 * ------------------------------------------------------------------------------
 */

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

static const struct multi_kind multi = { BPF_SYS_FSESSION_MULTI, -1, PROG_FSESSION_MULTI,
					 link_ids };

static void attach_multi(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	batch__attach(c, slots, n, multi_links__attach, &multi);
}

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
	.unavailable = unavailable,
	.inexact = inexact,
	.unfit = unfit,
	.attach = attach,
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
	.unavailable = multi_unavailable,
	.inexact = inexact,
	.unfit = multi_unfit,
	.open = multi_links__open,
	.close = multi_links__close,
	.attach = attach_multi,
	.detach = multi_links__detach,
	.shares_links = true,
	.skips_twice = skips_twice,
	.entered = RP_ENTERED_FSESSION_MULTI,
};
