/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uretprobe: a uprobe and a uretprobe, made with the uprobe PMU, on a function of an executable or
 * library, in every process that runs it. The entry is attached first, as with kretprobes.
 */
#include <errno.h>

#include "attach/batch.h"
#include "attach/site.h"
#include "kernel/perf_event.h"

#define KERNEL_ENOTSUPP 524 /* include/linux/errno.h: leaks to user space here */

struct uretprobe {
	struct perf_attachment entry, leave;
};

static int attach_program(struct attach_context *c, const struct target *t, enum program_id program,
			  struct perf_attachment *out, enum attempt *at)
{
	struct program_site site = site__of(t);
	uint64_t cookie;
	int prog, event;

	prog = programs__for_site(object__programs(c->obj), program, &site, &cookie);
	*at = prog < 0 ? ATTEMPT_LOAD : ATTEMPT_UPROBE;
	if (prog < 0)
		return prog;
	event = perf_event__open_uprobe(t->opened->path, t->offset, program != PROG_UPROBE_ENTRY);
	return perf_event__attach(event, prog, cookie, out);
}

static char *explain(const struct attach_slot *slot, enum attempt at, int err)
{
	const struct target *t = slot->target;
	__cleanup_free char *advice = NULL;

	if (at == ATTEMPT_UPROBE && err == -KERNEL_ENOTSUPP)
		return xasprintf("%s: its first instruction cannot be probed", t->function);
	advice = advice__of(at, err, (struct demand){});
	return xasprintf("%s: the uprobe was refused: %s", t->function, advice);
}

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct uretprobe *u = take_ptr(slot->state);

	perf_event__close(&u->leave);
	perf_event__close(&u->entry);
	free(u);
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct uretprobe *u = slot->state = xcalloc(1, sizeof(*u));
	const struct target *t = slot->target;
	int err;

	u->entry = u->leave = PERF_ATTACHMENT_NONE;
	if (t->untimed)
		return attach_program(c, t, PROG_UPROBE_COUNT, &u->leave, at);
	err = attach_program(c, t, PROG_UPROBE_ENTRY, &u->entry, at);
	return err ? err : attach_program(c, t, PROG_UPROBE_RETURN, &u->leave, at);
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
	.counting = PROG_BIT(PROG_UPROBE_COUNT),
	.returns = PROG_BIT(PROG_UPROBE_RETURN) | PROG_BIT(PROG_UPROBE_COUNT),
	.files = 4,
	.swaps_return = true,
	.keeps_frames = true,
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_DEPTH,
	.requires = FEATURE_BIT(FEATURE_PERF_EVENTS) | FEATURE_BIT(FEATURE_UPROBE_PMU),
	.caveat = caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.explain = explain,
	.detach = detach,
};
