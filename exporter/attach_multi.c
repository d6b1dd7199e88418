/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kprobe.session and kprobe.multi: one link, or one for entries and one for returns, holds any
 * number of kernel functions. A session pairs a return with its entry by itself; for the other, the
 * entry is attached first, so that each return that is seen has had its entry seen.
 *
 * The kernel takes a batch whole or not at all. One that it refuses is halved until the function
 * that it does not like is alone.
 */
#include "attach.h"

#include <errno.h>

#include "bpf_sys.h"

/* A link's descriptors; entry is -1 for sessions. */
struct link {
	int entry, leave;
};

struct shared {
	struct link *links;
	size_t n;
};

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
};

static int link_one(struct attach_context *c, const struct flavour *fl, int id,
		    const struct bpf_sys_functions *f)
{
	return bpf_sys__link_functions(programs__fd(bpfobj__programs(c->obj), id), fl->type, f);
}

/* By address where addresses are known: names are looked up by the kernel one by one. */
static int link_batch(struct attach_context *c, const struct flavour *fl, const struct batch *b,
		      size_t first, size_t n)
{
	struct bpf_sys_functions f = {
		.addrs = b->addrs ? b->addrs + first : NULL,
		.symbols = b->symbols + first,
		.cookies = b->addrs ? NULL : b->cookies + first,
		.n = n,
	};
	struct shared *s = c->shared;
	struct link link = { -1, -1 };

	if (fl->entry >= 0) {
		link.entry = link_one(c, fl, fl->entry, &f);
		if (link.entry < 0)
			return link.entry;
		f.is_return = true;
	}
	link.leave = link_one(c, fl, fl->leave, &f);
	if (link.leave < 0) {
		cleanup__close(&link.entry);
		return link.leave;
	}
	*(struct link *)array__grow(&s->links, &s->n, sizeof(*s->links)) = link;
	return 0;
}

static void attach_range(struct attach_context *c, const struct flavour *fl,
			 struct attach_slot **slots, const struct batch *b, size_t first, size_t n)
{
	int err = link_batch(c, fl, b, first, n);
	double now = now_seconds();
	char buf[16];

	if (!err) {
		for (size_t i = first; i < first + n; i++) {
			slots[i]->attached = true;
			slots[i]->created = now;
		}
	} else if (n == 1) {
		attach__refuse(slots[first],
			       xasprintf("the kernel refuses %s for %s: %s",
					 slots[first]->ops->name, slots[first]->target->function,
					 errno_name(-err, buf, sizeof(buf))));
	} else {
		attach_range(c, fl, slots, b, first, n / 2);
		attach_range(c, fl, slots, b, first + n / 2, n - n / 2);
	}
}

static void attach_all(struct attach_context *c, const struct flavour *fl,
		       struct attach_slot **slots, size_t n)
{
	struct batch b = {
		.addrs = xcalloc(n, sizeof(*b.addrs)),
		.cookies = xcalloc(n, sizeof(*b.cookies)),
		.symbols = xcalloc(n, sizeof(*b.symbols)),
	};
	bool by_addr = bpfobj__knows_addrs(c->obj);

	for (size_t i = 0; i < n; i++) {
		b.addrs[i] = slots[i]->target->addr;
		b.symbols[i] = slots[i]->target->symbol;
		b.cookies[i] = attach__site(slots[i]->target).spec;
	}
	if (!by_addr)
		free(take_ptr(b.addrs));
	attach_range(c, fl, slots, &b, 0, n);
	free(b.addrs);
	free(b.cookies);
	free(b.symbols);
}

static void attach_session(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	attach_all(c, &session, slots, n);
}

static void attach_multi(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	attach_all(c, &multi, slots, n);
}

static int open_shared(struct attach_context *c)
{
	c->shared = xcalloc(1, sizeof(struct shared));
	return 0;
}

static void close_shared(struct attach_context *c)
{
	struct shared *s = c->shared;

	for (size_t i = 0; i < s->n; i++) {
		cleanup__close(&s->links[i].leave);
		cleanup__close(&s->links[i].entry);
	}
	free(s->links);
	free(s);
	c->shared = NULL;
}

/* Links go with the group. */
static void detach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		slots[i]->attached = false;
}

static void count_shared(struct attach_context *c, uint64_t missed[MISSED_MAX])
{
	const struct shared *s = c->shared;

	for (size_t i = 0; i < s->n; i++)
		missed[MISSED_MAXACTIVE] += bpf_sys__link_missed(s->links[i].leave);
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

/* With return slots of its own for each link, the exit runs also when the entry was skipped. */
static bool skips_twice(struct features *f)
{
	return !features__has(f, FEATURE_RETURN_SLOTS);
}

static const char *caveat(struct features *f)
{
	return features__has(f, FEATURE_RETURN_SLOTS) ? NULL
						      : "calls that find no return slot are "
							"counted by the kernel without atomics, "
							"for all functions together: a bound";
}

#define MISSED (1U << MISSED_NO_ENTRY)

const struct attach_ops attach_kprobe_session = {
	.name = "kprobe.session",
	.type = TARGET_KERNEL,
	.programs = PROG_BIT(PROG_KPROBE_SESSION),
	.returns = PROG_BIT(PROG_KPROBE_SESSION),
	.missed = MISSED,
	.unavailable = session_unavailable,
	.inexact = inexact,
	.last_resort = true,
	.open = open_shared,
	.close = close_shared,
	.caveat = caveat,
	.attach = attach_session,
	.detach = detach,
	.skips_twice = skips_twice,
	.count_shared = count_shared,
};

const struct attach_ops attach_kprobe_multi = {
	.name = "kprobe.multi",
	.type = TARGET_KERNEL,
	.programs = PROG_BIT(PROG_MULTI_ENTRY) | PROG_BIT(PROG_MULTI_RETURN),
	.returns = PROG_BIT(PROG_MULTI_RETURN),
	.missed = MISSED,
	.unavailable = multi_unavailable,
	.inexact = inexact,
	.last_resort = true,
	.open = open_shared,
	.close = close_shared,
	.caveat = caveat,
	.attach = attach_multi,
	.detach = detach,
	.count_shared = count_shared,
};
