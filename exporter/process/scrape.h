/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scrapes, in a server: asks the attacher to update its counters, then takes a snapshot of the
 * shared memory. Requests that arrive while a scrape is running share the next one.
 */
#pragma once

#include "expose/metrics_input.h"
#include "process/served.h"

struct scraper;

/*
 * served is borrowed. attacher: the channel for update requests. If the attacher does not answer in
 * a few seconds, because it is busy with a reload, its last counters are used, and later scrapes do
 * not wait until it answers.
 */
struct scraper *scraper__new(const struct served *served, int attacher);
void scraper__free(struct scraper *c);

/* Fills *in, valid until it is released. 0 or a negative errno; -ETIMEDOUT: the deadline (monotonic
 * seconds, 0: none) passed before a scrape could begin, or while waiting for a shared one.
 * Thread-safe. */
int scraper__acquire(struct scraper *c, double deadline, struct metrics_input *in);
void scraper__release(struct scraper *c, struct metrics_input *in);
