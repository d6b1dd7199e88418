/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches for changes of what can be probed: kernel modules that are loaded or unloaded, and files
 * of user functions that are replaced, created or removed.
 *
 * It polls: /proc/modules is small, and the files are few. The kernel's module notifications do not
 * reach containers.
 */
#pragma once

#include "probes/table.h"

struct watch;

struct watch *watch__new(void);
void watch__free(struct watch *w); /* NULL is fine */

/* Watches the files of these targets from now on. */
void watch__follow(struct watch *w, const struct probe_table *table);
/*
 * Whether anything has changed since the last call; true the first time. Files are checked in the
 * background; this waits for the result for at most `patience` seconds. A file that keeps changing
 * is reported less and less often, unless patience is above 0.
 */
bool watch__machine_changed(struct watch *w, double now, double patience);
/* Whether a check is running. */
bool watch__is_looking(const struct watch *w);
