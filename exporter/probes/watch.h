/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether something has changed on the machine that decides what can be probed: kernel modules that
 * were loaded or unloaded, files of user functions that were replaced, made or removed.
 *
 * By looking, every now and then: /proc/modules is a small file, and there are few others.
 * The kernel's own notices of modules do not reach containers.
 */
#ifndef PROBES_WATCH_H
#define PROBES_WATCH_H

#include "probes/table.h"

struct watch;

struct watch *watch__new(void);
void watch__free(struct watch *w); /* NULL is fine */

/* From now on, the files of these targets matter. */
void watch__follow(struct watch *w, const struct view *v);
/*
 * Since this was asked last; the first time, true. Files are looked at in the background: for
 * patience seconds at most this waits for what is seen, and otherwise goes by what was seen by now.
 * A file that keeps changing is told of less and less often, unless there is patience.
 */
bool watch__machine_changed(struct watch *w, double now, double patience);
/* Whether something will be known soon. */
bool watch__is_looking(const struct watch *w);

#endif /* PROBES_WATCH_H */
