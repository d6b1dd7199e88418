/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kprobe.session and kprobe.multi: one link, or one for entries and one for returns, holds any
 * number of kernel functions. A session pairs a return with its entry by itself; for the other, the
 * entry is attached first, so that each return that is seen has had its entry seen.
 *
 * The kernel takes a batch whole or not at all. One that it refuses is halved until the function
 * that it does not like is alone.
 */
#include "attach/links.h"

#include <errno.h>

#include "kernel/bpf_sys.h"

/* What differs between the two. */
struct flavour {
	enum bpf_sys_attach type;
	int entry, leave; /* enum program_id; entry -1: there is none */
};

static const struct flavour session = { BPF_SYS_KPROBE_SESSION, -1, PROG_KPROBE_SESSION };
static const struct flavour multi = { BPF_SYS_KPROBE_MULTI, PROG_MULTI_ENTRY, PROG_MULTI_RETURN };

/* A batch as the kernel wants it. */
struct batch {
	uint64_t *addrs, *cookies;
	const char **symbols;
	bool capturing;
};

static int link_one(struct attach_context *c, const struct flavour *fl, int id, bool capturing,
		    const struct bpf_sys_functions *f)
{
	return bpf_sys__link_functions(programs__fd(object__programs(c->obj), id, capturing),
				       fl->type, f);
}

/* By address where addresses are known: names are looked up by the kernel one by one. */
static int link_batch(struct attach_context *c, const struct flavour *fl,
		      struct attach_slot **slots, const struct batch *b, size_t first, size_t n)
{
	struct bpf_sys_functions f = {
		.addrs = b->addrs ? b->addrs + first : NULL,
		.symbols = b->symbols + first,
		.cookies = b->addrs ? NULL : b->cookies + first,
		.n = n,
	};
	int entry = -1, leave;

	if (fl->entry >= 0) {
		entry = link_one(c, fl, fl->entry, b->capturing, &f);
		if (entry < 0)
			return entry;
		f.is_return = true;
	}
	leave = link_one(c, fl, fl->leave, b->capturing, &f);
	if (leave < 0) {
		cleanup__close(&entry);
		return leave;
	}
	many_links__add(c, entry, leave, slots + first, n);
	return 0;
}

static void attach_range(struct attach_context *c, const struct flavour *fl,
			 struct attach_slot **slots, const struct batch *b, size_t first, size_t n)
{
	int err = link_batch(c, fl, slots, b, first, n);

	if (!err)
		return;
	if (n == 1 || !attach__may_be_of_one(err)) {
		attach__refused(slots + first, n, ATTEMPT_ATTACH, err);
	} else {
		attach_range(c, fl, slots, b, first, n / 2);
		attach_range(c, fl, slots, b, first + n / 2, n - n / 2);
	}
}

static void attach_batch(struct attach_context *c, const struct flavour *fl,
			 struct attach_slot **slots, size_t n)
{
	struct batch b = {
		.capturing = n && slots[0]->target->extra,
		.addrs = xcalloc(n, sizeof(*b.addrs)),
		.cookies = xcalloc(n, sizeof(*b.cookies)),
		.symbols = xcalloc(n, sizeof(*b.symbols)),
	};
	bool by_addr = object__knows_addrs(c->obj);

	for (size_t i = 0; i < n; i++) {
		b.addrs[i] = slots[i]->target->addr;
		b.symbols[i] = slots[i]->target->symbol;
		b.cookies[i] = attach__site(slots[i]->target).spec;
	}
	if (!by_addr)
		free(take_ptr(b.addrs));
	if (n)
		attach_range(c, fl, slots, &b, 0, n);
	free(b.addrs);
	free(b.cookies);
	free(b.symbols);
}

static void attach_all(struct attach_context *c, const struct flavour *fl,
		       struct attach_slot **slots, size_t n)
{
	size_t plain = attach__split(slots, n);

	attach_batch(c, fl, slots, plain);
	attach_batch(c, fl, slots + plain, n - plain);
}

static void attach_session(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	attach_all(c, &session, slots, n);
}

static void attach_multi(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	attach_all(c, &multi, slots, n);
}

static void count_shared(struct attach_context *c, uint64_t missed[MISSED_MAX])
{
	missed[MISSED_MAXACTIVE] += many_links__missed(c);
}

static const char *session_unavailable(struct features *f)
{
	return features__missing(f, FEATURE_KPROBE_SESSION);
}

static const char *multi_unavailable(struct features *f)
{
	return features__missing(f, FEATURE_KPROBE_MULTI);
}

static const char *inexact(struct features *f)
{
	return features__missing(f, FEATURE_RETURN_SLOTS);
}

/* Where the cookie is in a slot of the link's own, ours is the last that was there. */
static const char *session_inexact(struct features *f)
{
	const char *why = inexact(f);

	return why ? why : features__missing(f, FEATURE_SESSION_PAIRS);
}

static bool skips_twice(struct features *f)
{
	return !features__has(f, FEATURE_SESSION_PAIRS);
}

#define FEW_SLOTS                                                                            \
	"calls that find no return slot are counted by the kernel without atomics, for all " \
	"functions together: a bound"

static const char *multi_caveat(struct features *f)
{
	static const char *const texts[2][2] = {
		{ FEW_SLOTS, FEW_SLOTS "; " ATTACH_STRAY_RETURN },
		{ NULL, ATTACH_STRAY_RETURN },
	};

	return texts[features__has(f, FEATURE_RETURN_SLOTS)]
		    [!features__has(f, FEATURE_NO_PREEMPTION)];
}

static const char *session_caveat(struct features *f)
{
	if (!features__has(f, FEATURE_RETURN_SLOTS))
		return FEW_SLOTS;
	return features__has(f, FEATURE_SESSION_PAIRS) ? NULL : ATTACH_STRAY_RETURN;
}

#define MISSED (1U << MISSED_NO_ENTRY)

const struct attach_ops attach_kprobe_session = {
	.name = "kprobe.session",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_KPROBE_SESSION),
	.returns = PROG_BIT(PROG_KPROBE_SESSION),
	.missed = MISSED,
	.unavailable = session_unavailable,
	.inexact = session_inexact,
	.last_resort = true,
	.open = many_links__open,
	.close = many_links__close,
	.caveat = session_caveat,
	.attach = attach_session,
	.detach = many_links__detach,
	.many = true,
	.skips_twice = skips_twice,
	.entered = RP_ENTERED_KPROBE_SESSION,
	.count_shared = count_shared,
	.missed_shared = 1U << MISSED_MAXACTIVE,
};

const struct attach_ops attach_kprobe_multi = {
	.name = "kprobe.multi",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_MULTI_ENTRY) | PROG_BIT(PROG_MULTI_RETURN),
	.returns = PROG_BIT(PROG_MULTI_RETURN),
	.missed = MISSED,
	.unavailable = multi_unavailable,
	.inexact = inexact,
	.last_resort = true,
	.open = many_links__open,
	.close = many_links__close,
	.caveat = multi_caveat,
	.attach = attach_multi,
	.detach = many_links__detach,
	.many = true,
	.count_shared = count_shared,
	.missed_shared = 1U << MISSED_MAXACTIVE,
};
