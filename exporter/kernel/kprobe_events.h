/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter's kprobe events in tracefs.
 *
 * All exporters of a machine share the file kprobe_events, containers included, and events outlive
 * the process. If a name is defined twice, the kernel joins both into one event with one count. So
 * each set of events has a random name. PIDs would not do: every container has a process 1.
 */
#pragma once

#include "base/util.h"

struct kprobe_events;

enum kprobe_kind { KPROBE_ENTRY, KPROBE_RETURN };

/*
 * Makes an empty set, and removes the events of dead exporters. Borrows tracefs, as from
 * tracefs__open(). 0 or a negative errno.
 */
int kprobe_events__open(int tracefs, struct kprobe_events **out);
/* The events must have been removed. NULL is fine. */
void kprobe_events__close(struct kprobe_events *e);

/*
 * Events that are not attached yet look like those of a dead exporter. Hold this lock from the
 * first definition until all are attached, so that no other exporter removes them. Waits a few
 * seconds at most for an exporter that is removing events.
 */
void kprobe_events__lock(struct kprobe_events *e);
void kprobe_events__unlock(struct kprobe_events *e);

/* place: "[MODULE:]SYMBOL" or an address. maxactive: for returns only. 0 or a negative errno. */
int kprobe_events__define(struct kprobe_events *e, enum kprobe_kind kind, uint32_t id,
			  const char *place, unsigned maxactive);
void kprobe_events__remove(struct kprobe_events *e, enum kprobe_kind kind, uint32_t id);
/* The event's id for perf_event__open_tracepoint(), or a negative errno. */
int kprobe_events__number(const struct kprobe_events *e, enum kprobe_kind kind, uint32_t id);

/* A row of kprobe_profile. there is false without a row: the counts are then unknown. */
struct kprobe_profile {
	bool there;
	uint64_t hits, missed;
};
/* Fills v[kind][id] for ids below n. 0, or a negative errno if the file cannot be read. */
int kprobe_events__profile(struct kprobe_events *e, struct kprobe_profile *v[2], size_t n);
