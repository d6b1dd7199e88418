/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wanted against actual: the one place that decides what to attach and what to let go of. A start,
 * a reload, a module that comes or goes, a program that is replaced on disk, and a function that is
 * called too often are the same thing to it: the configuration is resolved anew, and what differs
 * is done.
 */
#ifndef PROBES_RECONCILE_H
#define PROBES_RECONCILE_H

#include "probes/table.h"

struct reconcile;

/* features and tracefs (as from tracefs__open()) are borrowed. on_plan: called with each plan that
 * follows from a new configuration, before anything is attached. */
struct reconcile *reconcile__new(struct features *f, int tracefs,
				 void (*on_plan)(const struct generation *g));
void reconcile__free(struct reconcile *r); /* detaches everything; NULL is fine */

/*
 * Makes a configuration the one that is wanted. On failure, with *error (one line, to be freed),
 * the one before stays; but if there was no room for the new one beside it, its counters may have
 * restarted. A first configuration of which nothing can be attached, nor may be later, is a
 * failure. *changed, also on failure: reconcile__view() is not what it was.
 */
enum fault reconcile__configure(struct reconcile *r, struct config *c, bool *changed, char **error);

/*
 * Looks whether the machine has changed in a way that matters, and how often functions are called,
 * and acts. Names label sets that are new: what they are called after may be gone when the next
 * scrape comes. To be called about once a second. True: reconcile__view() is another.
 */
bool reconcile__tick(struct reconcile *r, double now);

/* Valid until the next call of the two above. */
const struct view *reconcile__view(const struct reconcile *r);

/* Brings the numbers of all generations up to date. 0 or a negative errno. */
int reconcile__update(struct reconcile *r, double now);

#endif /* PROBES_RECONCILE_H */
