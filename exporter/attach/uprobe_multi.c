/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uprobe.multi and uprobe.session: links that hold any number of functions of one file; of the
 * first, one for entries and one for returns. Entries are attached first, as everywhere.
 *
 * The kernel follows 64 nested returns in a task (MAX_URETPROBE_DEPTH), and says nothing of deeper
 * calls. With frames of our own they are seen at their entry, and counted; a session's entry cannot
 * tell, so it is used only if forced.
 */
#include "attach/links.h"

#include <errno.h>

#include "kernel/bpf_sys.h"

struct flavour {
	enum bpf_sys_attach type;
	int entry, leave; /* enum program_id; entry -1: there is none */
};

static const struct flavour session = { BPF_SYS_UPROBE_SESSION, -1, PROG_UPROBE_SESSION };
static const struct flavour multi = { BPF_SYS_UPROBE_MULTI, PROG_UPROBE_MULTI_ENTRY,
				      PROG_UPROBE_MULTI_RETURN };

static int link_one(struct attach_context *c, const struct flavour *fl, int id,
		    struct attach_slot **slots, size_t n, bool is_return)
{
	__cleanup_free uint64_t *offsets = xcalloc(n, sizeof(*offsets));
	__cleanup_free uint64_t *cookies = xcalloc(n, sizeof(*cookies));

	for (size_t i = 0; i < n; i++) {
		offsets[i] = slots[i]->target->offset;
		cookies[i] = attach__site(slots[i]->target).spec;
	}
	return bpf_sys__link_uprobes(
		programs__fd(object__programs(c->obj), id, slots[0]->target->extra), fl->type,
		slots[0]->target->opened->path, offsets, cookies, n, is_return);
}

static int link_batch(struct attach_context *c, const struct flavour *fl,
		      struct attach_slot **slots, size_t n)
{
	int entry = -1, leave;

	if (fl->entry >= 0) {
		entry = link_one(c, fl, fl->entry, slots, n, false);
		if (entry < 0)
			return entry;
	}
	leave = link_one(c, fl, fl->leave, slots, n, fl->entry >= 0);
	if (leave < 0) {
		cleanup__close(&entry);
		return leave;
	}
	many_links__add(c, entry, leave, slots, n);
	return 0;
}

/* Functions of one file. A batch that is refused is halved, until the one at fault is alone. */
static void attach_range(struct attach_context *c, const struct flavour *fl,
			 struct attach_slot **slots, size_t n)
{
	int err = link_batch(c, fl, slots, n);

	if (!err)
		return;
	if (n == 1 || !attach__may_be_of_one(err)) {
		attach__refused(slots, n, ATTEMPT_ATTACH, err);
	} else {
		attach_range(c, fl, slots, n / 2);
		attach_range(c, fl, slots + n / 2, n - n / 2);
	}
}

static int by_file(const void *a, const void *b)
{
	const struct target *x = (*(struct attach_slot *const *)a)->target;
	const struct target *y = (*(struct attach_slot *const *)b)->target;
	int order = x->opened->fd - y->opened->fd;

	if (!order)
		order = !x->extra - !y->extra;
	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static bool same_link(const struct target *a, const struct target *b)
{
	return a->opened == b->opened && !a->extra == !b->extra;
}

static void attach_files(struct attach_context *c, const struct flavour *fl,
			 struct attach_slot **slots, size_t n)
{
	size_t first = 0;

	qsort(slots, n, sizeof(*slots), by_file);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && same_link(slots[i]->target, slots[first]->target))
			continue;
		attach_range(c, fl, slots + first, i - first);
		first = i;
	}
}

static void attach_session(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	attach_files(c, &session, slots, n);
}

static void attach_multi(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	attach_files(c, &multi, slots, n);
}

static const char *session_unavailable(struct features *f)
{
	return features__missing(f, FEATURE_UPROBE_SESSION);
}

static const char *session_inexact(struct features *f)
{
	return "calls nested deeper than 64 would be lost without a trace";
}

static const char *multi_unavailable(struct features *f)
{
	return features__missing(f, FEATURE_UPROBE_MULTI);
}

const struct attach_ops attach_uprobe_session = {
	.name = "uprobe.session",
	.type = TARGET_USER,
	.programs = PROG_BIT(PROG_UPROBE_SESSION),
	.returns = PROG_BIT(PROG_UPROBE_SESSION),
	.swaps_return = true,
	.missed = 1U << MISSED_NO_ENTRY,
	.unavailable = session_unavailable,
	.inexact = session_inexact,
	.caveat = session_inexact,
	.open = many_links__open,
	.close = many_links__close,
	.attach = attach_session,
	.detach = many_links__detach,
	.many = true,
};

const struct attach_ops attach_uprobe_multi = {
	.name = "uprobe.multi",
	.type = TARGET_USER,
	.programs = PROG_BIT(PROG_UPROBE_MULTI_ENTRY) | PROG_BIT(PROG_UPROBE_MULTI_RETURN),
	.returns = PROG_BIT(PROG_UPROBE_MULTI_RETURN),
	.swaps_return = true,
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_DEPTH,
	.unavailable = multi_unavailable,
	.open = many_links__open,
	.close = many_links__close,
	.attach = attach_multi,
	.detach = many_links__detach,
	.many = true,
};
