/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uretprobe: a uprobe and a uretprobe, made with the uprobe PMU, on a function of an executable or
 * library, in every process that runs it. The entry is attached first, as with kretprobes.
 */
#include <errno.h>

#include "attach/mechanism.h"
#include "attach/site.h"
#include "attach/slot.h"
#include "base/clock.h"
#include "base/progress.h"
#include "kernel/perf_event.h"

#define KERNEL_ENOTSUPP 524 /* include/linux/errno.h: leaks to user space here */

struct uretprobe {
	struct perf_attachment entry, leave;
};

static const char *unavailable(struct features *f)
{
	const char *why = features__missing(f, FEATURE_PERF_EVENTS);

	return why ? why : features__missing(f, FEATURE_UPROBE_PMU);
}

static int attach_event(struct attach_context *c, const struct target *t, bool is_return,
			struct perf_attachment *out, enum attempt *at)
{
	struct program_site site = site__of(t);
	uint64_t cookie;
	int prog, event;

	prog = programs__for_site(object__programs(c->obj),
				  is_return ? PROG_UPROBE_RETURN : PROG_UPROBE_ENTRY, &site,
				  &cookie);
	*at = prog < 0 ? ATTEMPT_LOAD : ATTEMPT_UPROBE;
	if (prog < 0)
		return prog;
	event = perf_event__open_uprobe(t->opened->path, t->offset, is_return);
	if (event < 0)
		return event;
	return perf_event__attach(event, prog, cookie, out);
}

static char *explain(const struct target *t, enum attempt at, int err)
{
	__cleanup_free char *advice = NULL;

	if (at == ATTEMPT_UPROBE && err == -KERNEL_ENOTSUPP)
		return xasprintf("%s: its first instruction cannot be probed", t->function);
	advice = advice__of(at, err, (struct demand){});
	return xasprintf("%s: the uprobe was refused: %s", t->function, advice);
}

static void detach_one(struct attach_slot *slot)
{
	struct uretprobe *u = slot->state;

	if (!u)
		return;
	perf_event__close(&u->leave);
	perf_event__close(&u->entry);
	free(u);
	slot->state = NULL;
	slot->attached = false;
}

static void attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n && !progress__poll(); i++) {
		struct uretprobe *u = slots[i]->state = xcalloc(1, sizeof(*u));
		enum attempt at;
		int err;

		u->entry = u->leave = PERF_ATTACHMENT_NONE;
		err = attach_event(c, slots[i]->target, false, &u->entry, &at);
		if (!err)
			err = attach_event(c, slots[i]->target, true, &u->leave, &at);
		if (err) {
			detach_one(slots[i]);
			slot__refuse(slots[i], err, explain(slots[i]->target, at, err));
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

static const char *caveat(struct features *f)
{
	return features__has(f, FEATURE_TASK_STORAGE)
		       ? NULL
		       : "calls nested deeper than 64 are not counted on this kernel";
}

const struct attach_ops attach_uretprobe = {
	.name = "uretprobe",
	.type = TARGET_USER,
	.programs = PROG_BIT(PROG_UPROBE_ENTRY) | PROG_BIT(PROG_UPROBE_RETURN),
	.returns = PROG_BIT(PROG_UPROBE_RETURN),
	.files = 4,
	.swaps_return = true,
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_DEPTH,
	.unavailable = unavailable,
	.caveat = caveat,
	.attach = attach,
	.detach = detach,
};
