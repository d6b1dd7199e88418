/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel accepts a batch as a whole or not at all. A batch that it refuses is halved until the
 * function at fault is alone.
 */
#include "attach/batch.h"

#include <errno.h>

#include "base/progress.h"
#include "expr/capture.h"

void batch__attach_each(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n && !progress__poll(); i++) {
		struct attach_slot *slot = slots[i];
		enum attempt at = ATTEMPT_ATTACH;
		int err = slot->ops->attach_one(c, slot, &at);

		if (!err) {
			slot__set_attached(&slot, 1, slot->state);
			continue;
		}
		if (slot->ops->explain)
			slot__refuse(slot, err, slot->ops->explain(slot, at, err));
		else
			slot__refuse_all(&slot, 1, at, err);
		slot->ops->detach(c, slot);
	}
}

/* Whether one target may be at fault. Otherwise no part of the batch would fare better. */
static bool may_be_of_one(int err)
{
	return err != -EMFILE && err != -ENFILE && err != -EPERM && err != -EINTR && err != -EAGAIN;
}

static void attach_range(struct attach_context *c, struct attach_slot **slots, size_t n,
			 batch_link *link)
{
	int err = link(c, slots, n);

	if (!err)
		return;
	if (n == 1 || !may_be_of_one(err)) {
		slot__refuse_all(slots, n, ATTEMPT_ATTACH, err);
		return;
	}
	attach_range(c, slots, n / 2, link);
	attach_range(c, slots + n / 2, n - n / 2, link);
}

/* Targets with the same number have the same programs. */
static uint32_t programs_of(const struct target *t)
{
	return (t->capture ? t->capture->index + 1 : 0) << 1 | t->untimed;
}

static bool same_link(const struct target *a, const struct target *b)
{
	return a->opened == b->opened && programs_of(a) == programs_of(b);
}

static int compare(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

/* By link; within one as fsession.multi needs them, by BTF id. */
static int by_link(const void *a, const void *b)
{
	const struct target *x = (*(struct attach_slot *const *)a)->target;
	const struct target *y = (*(struct attach_slot *const *)b)->target;
	int order = x->opened && y->opened ? x->opened->fd - y->opened->fd : 0;

	if (!order)
		order = compare(programs_of(x), programs_of(y));
	if (!order)
		order = compare(x->btf_id, y->btf_id);
	return order ? order : compare(x->id, y->id);
}

void batch__attach(struct attach_context *c, struct attach_slot **slots, size_t n, batch_link *link)
{
	size_t first = 0;

	qsort(slots, n, sizeof(struct attach_slot *), by_link);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && same_link(slots[i]->target, slots[first]->target))
			continue;
		attach_range(c, slots + first, i - first, link);
		first = i;
	}
}
