/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/slot.h"

#include <errno.h>

#include "attach/mechanism.h"

void slot__refuse(struct attach_slot *slot, int err, char *why)
{
	slot->lacks_files = err == -EMFILE || err == -ENFILE;
	slot->target->reason = REASON_REFUSED;
	free(slot->target->why);
	slot->target->why = why;
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
