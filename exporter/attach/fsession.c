/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fsession and fsession.multi (7.x): one program on a trampoline for entry and return, a clone for
 * each function or one for all of them. The cheapest of all, and lossy wherever the kernel preempts
 * itself.
 */
#include "attach/links.h"

#include <errno.h>

#include "kernel/bpf_sys.h"
#include "base/progress.h"

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

/* ---- a clone for each ------------------------------------------------------------------------ */

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
		struct program_site site = attach__site(slots[i]->target);
		struct fsession x = { .link = -1 };
		uint64_t cookie;

		x.program =
			programs__for_site(object__programs(c->obj), PROG_FSESSION, &site, &cookie);
		x.link = x.program < 0 ? x.program
				       : bpf_sys__link_tracing(x.program, BPF_SYS_FSESSION);
		if (x.link < 0) {
			attach__refused(&slots[i], 1,
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

/* ---- one for all ----------------------------------------------------------------------------- */

static void attach_range(struct attach_context *c, struct attach_slot **slots, const uint32_t *ids,
			 const uint64_t *cookies, size_t n)
{
	int prog = programs__fd(object__programs(c->obj), PROG_FSESSION_MULTI,
				slots[0]->target->extra);
	int fd = bpf_sys__link_btf_ids(prog, ids, cookies, n);

	if (fd >= 0) {
		many_links__add(c, -1, fd, slots, n);
	} else if (n == 1 || !attach__may_be_of_one(fd)) {
		attach__refused(slots, n, ATTEMPT_ATTACH, fd);
	} else {
		attach_range(c, slots, ids, cookies, n / 2);
		attach_range(c, slots + n / 2, ids + n / 2, cookies + n / 2, n - n / 2);
	}
}

static int by_btf_id(const void *a, const void *b)
{
	uint32_t x = (*(struct attach_slot *const *)a)->target->btf_id;
	uint32_t y = (*(struct attach_slot *const *)b)->target->btf_id;

	return x < y ? -1 : x > y;
}

static void attach_batch(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	__cleanup_free uint32_t *ids = xcalloc(n, sizeof(*ids));
	__cleanup_free uint64_t *cookies = xcalloc(n, sizeof(*cookies));

	qsort(slots, n, sizeof(*slots), by_btf_id);
	for (size_t i = 0; i < n; i++) {
		ids[i] = slots[i]->target->btf_id;
		cookies[i] = attach__site(slots[i]->target).spec;
	}
	if (n)
		attach_range(c, slots, ids, cookies, n);
}

static void attach_multi(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	size_t plain = attach__split(slots, n);

	attach_batch(c, slots, plain);
	attach_batch(c, slots + plain, n - plain);
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
	.open = many_links__open,
	.close = many_links__close,
	.attach = attach_multi,
	.detach = many_links__detach,
	.many = true,
	.skips_twice = skips_twice,
	.entered = RP_ENTERED_FSESSION_MULTI,
};
