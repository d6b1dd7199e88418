/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/in_flight.h"

#include "attach/by_function.h"
#include "expr/capture.h"

/* A filter compares what only the entry or the return of a call can read. */
static bool filters(const struct target *t)
{
	const struct rp_capture_spec *x = t->capture ? &t->capture->kernel : NULL;

	return x && (x->nfilters || x->counted.filters);
}

/* Of targets whose calls have no frame in the kernel's stack. */
static const char *lacks_frames(const struct attach_slot *slot, struct features *f)
{
	if (slot->target->untimed)
		return "with `durations: off` no entries are kept";
	if (!slot->ops || !slot->ops->keeps_frames)
		return "the mechanism does not keep entries by thread";
	if (slot->target->type == TARGET_USER && !features__has(f, FEATURE_TASK_STORAGE))
		return "this kernel has no task storage";
	return NULL;
}

const char *in_flight__unknown(const struct attach_slot *slot, struct features *f)
{
	const struct target *t = slot->target;

	if (t->settings->in_flight == IN_FLIGHT_OFF)
		return "`in_flight` is off";
	if (filters(t))
		return "running calls cannot be filtered";
	if (t->again)
		return "the function has another probe";
	if (t->type == TARGET_KERNEL && t->scheduler)
		return "stack traces leave out functions of the scheduler, such as mutex_lock";
	if (t->type == TARGET_KERNEL && !features__has(f, FEATURE_TASK_STACKS))
		return features__missing(f, FEATURE_TASK_STACKS);
	if (t->type == TARGET_KERNEL)
		return t->addr && t->end ? NULL : "its address is hidden: CAP_SYSLOG shows it";
	return by_function__is_one(slot) ? NULL : lacks_frames(slot, f);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct rp_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void in_flight__plan(const struct attach_slot *slots, size_t n, struct features *f,
		     struct scan_params *out)
{
	*out = (struct scan_params){
		.ranges = xcalloc(n + 1, sizeof(*out->ranges)),
		.stacks = features__has(f, FEATURE_TASK_STACKS),
	};
	for (size_t i = 0; i < n; i++) {
		const struct target *t = slots[i].target;

		if (in_flight__unknown(&slots[i], f))
			continue;
		out->functions |= by_function__is_one(&slots[i]);
		/* The kernel may refuse the functions. */
		out->syscalls |= t->type == TARGET_SYSCALL;
		out->user |= t->type == TARGET_USER;
		if (t->type == TARGET_KERNEL)
			out->ranges[out->nranges++] =
				(struct rp_range){ t->addr, t->end, t->id, 0 };
	}
	qsort(out->ranges, out->nranges, sizeof(*out->ranges), compare_ranges);
}
