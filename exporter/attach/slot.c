/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/slot.h"

#include <errno.h>

#include "attach/mechanism.h"
#include "base/clock.h"

void slot__set_attached(struct attach_slot **slots, size_t n, void *state)
{
	double now = now_seconds();

	for (size_t i = 0; i < n; i++) {
		slots[i]->state = state;
		slots[i]->attached = true;
		slots[i]->created = now;
	}
}

void slot__refuse(struct attach_slot *slot, int err, char *why)
{
	slot->lacks_files = err == -EMFILE || err == -ENFILE;
	target__set_reason(slot->target, REASON_REFUSED, why);
	slot->attached = false;
}

void slot__refuse_all(struct attach_slot **slots, size_t n, enum attempt at, int err)
{
	__cleanup_free char *advice = advice__of(at, err, (struct demand){});

	for (size_t i = 0; i < n; i++)
		slot__refuse(slots[i], err,
			     xasprintf("the kernel refuses %s for %s: %s", slots[i]->ops->name,
				       slots[i]->target->function, advice));
}
