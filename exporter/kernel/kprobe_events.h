/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our kprobe events in tracefs.
 *
 * The file is the whole machine's: exporters in other containers have their events in it, and
 * events outlive their makers. The kernel adds a second definition of one name to the event that is
 * there, and both count as one. So each set of events has a random name. PIDs are no names: each
 * container has a process 1.
 */
#ifndef KERNEL_KPROBE_EVENTS_H
#define KERNEL_KPROBE_EVENTS_H

#include "base/util.h"

struct kprobe_events;

enum kprobe_kind { KPROBE_ENTRY, KPROBE_RETURN };

/*
 * An empty set. Removes the events that dead exporters have left. tracefs (as from tracefs__open())
 * is borrowed. 0 or a negative errno.
 */
int kprobe_events__open(int tracefs, struct kprobe_events **out);
/* The events must have been removed. NULL is fine. */
void kprobe_events__close(struct kprobe_events *e);

/*
 * Events that are defined and not attached yet look like those of a dead exporter. Hold this lock
 * from the first definition until all are attached: no other exporter removes events meanwhile.
 * Waits for one that does, for some seconds at most.
 */
void kprobe_events__lock(struct kprobe_events *e);
void kprobe_events__unlock(struct kprobe_events *e);

/* place: what the kernel takes for a function, "[MODULE:]SYMBOL" or an address. maxactive: of a
 * return. 0 or a negative errno. */
int kprobe_events__define(struct kprobe_events *e, enum kprobe_kind kind, uint32_t id,
			  const char *place, unsigned maxactive);
void kprobe_events__remove(struct kprobe_events *e, enum kprobe_kind kind, uint32_t id);
/* The number to open the event by, or a negative errno. */
int kprobe_events__number(const struct kprobe_events *e, enum kprobe_kind kind, uint32_t id);

/* A row of kprobe_profile. An event without a row is not there: nothing is known of its counts. */
struct kprobe_profile {
	bool there;
	uint64_t hits, missed;
};
/* Fills v[kind][id] for ids below n. 0, or a negative errno if the file cannot be read. */
int kprobe_events__profile(struct kprobe_events *e, struct kprobe_profile *v[2], size_t n);

#endif /* KERNEL_KPROBE_EVENTS_H */
