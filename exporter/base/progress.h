/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For work that takes long: it polls between its steps, so that the process can do what cannot
 * wait, such as pinging the watchdog, and can be told to give up.
 */
#pragma once

#include "base/util.h"

/* poll() is called at most five times a second. It returns true if the process is stopping and all
 * work is to be given up. */
void progress__set(bool (*poll)(void *ctx), void *ctx);

/* Call it often. True: give up. It stays true. */
bool progress__poll(void);
#define PROGRESS_GIVEN_UP "the exporter is stopping"
