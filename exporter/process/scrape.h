/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reading of everything, for whoever asks: what the attacher knows of the kernel's counters,
 * then cells and tallies. Scrapes that ask while a reading is under way share it. A server's.
 */
#ifndef PROCESS_SCRAPE_H
#define PROCESS_SCRAPE_H

#include "process/served.h"

struct collector;

/*
 * served is borrowed. attacher: the channel on which it is asked to bring its numbers up to date;
 * if it does not answer in a few seconds, because it is busy with a reload, those that it left are
 * taken, and at once by others, until it is back.
 */
struct collector *collector__new(const struct served *served, int attacher);
void collector__free(struct collector *c);

/* Fills *in, which stays valid until it is released. 0 or a negative errno; -ETIMEDOUT if the
 * deadline (monotonic seconds, 0: none) passes before a reading could begin, or while another's is
 * waited for. Thread-safe. */
int collector__acquire(struct collector *c, double deadline, struct metrics_input *in);
void collector__release(struct collector *c, struct metrics_input *in);

#endif /* PROCESS_SCRAPE_H */
