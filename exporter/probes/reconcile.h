/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reconcile loop: decides what to attach and what to detach. It does the same at a start, at a
 * reload, and when a module is loaded or unloaded or a program file is replaced: it resolves the
 * configuration again, compares the result with the attached probes, and applies the difference.
 */
#pragma once

#include "probes/table.h"

struct reconcile;

/* features and tracefs (as from tracefs__open()) are borrowed. on_plan: called with each plan of a
 * new configuration, before anything is attached. */
struct reconcile *reconcile__new(struct features *f, int tracefs,
				 void (*on_plan)(const struct generation *g));
void reconcile__free(struct reconcile *r); /* detaches everything; NULL is fine */

/*
 * Applies a configuration. On failure the previous one stays in force, with *error (one line, to be
 * freed). If there was not enough room for both, its counters may have restarted even then. It is a
 * failure if nothing of a first configuration can be attached, now or later. *changed, also on
 * failure: reconcile__table() is another.
 */
enum fault reconcile__configure(struct reconcile *r, struct config *c, bool *changed, char **error);

/*
 * Call it about once a second. Acts on changes of the machine and on overload. Finds the texts of
 * new label sets, because a process may be gone at the next scrape. True: reconcile__table() is
 * another.
 */
bool reconcile__tick(struct reconcile *r, double now);

/* Valid until the next call of reconcile__configure() or reconcile__tick(). */
const struct probe_table *reconcile__table(const struct reconcile *r);

/* Updates the counts of all generations. 0 or a negative errno. */
int reconcile__update(struct reconcile *r, double now);
/* Looks for calls in progress, unless it is too soon after the last scan. */
void reconcile__scan(struct reconcile *r, double now);
/* Appends the calls that the last scan has found, as a report (scan/report.h). */
void reconcile__write_calls(struct reconcile *r, struct buf *out);
