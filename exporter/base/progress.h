/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What takes long asks between its steps whether it is to go on, and lets the process meanwhile do
 * what cannot wait: tell that it lives, for one.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include "base/util.h"

/* poll: does what cannot wait; true: all that is under way is to be given up, and the process to
 * end. Called a few times a second at most. */
void progress__set(bool (*poll)(void *ctx), void *ctx);

/* To be called often. True: give up. Stays true. */
bool progress__poll(void);
#define PROGRESS_GIVEN_UP "the exporter is stopping"

#endif /* BASE_PROGRESS_H */
