/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT and SIGTERM. A thread waits for them, so that they end the process even if the main thread
 * hangs, as in a system call on a dead file system. The kernel then detaches all probes. Names in
 * tracefs remain; the next start removes them.
 */
#pragma once

#include "base/util.h"

/*
 * Blocks both signals and starts the thread. Call it before any other thread exists. Forked
 * processes have the signals blocked, and no such thread. 0 or a negative errno.
 */
int stop__watch(void);
/* The signal that has arrived, or 0. The caller must then stop the process: the thread ends it only
 * if another signal arrives. */
int stop__signal(void);
/* Becomes readable when a signal arrives; -1 without stop__watch(). */
int stop__descriptor(void);
/* fn is called if the thread ends the process. NULL: nothing. */
void stop__before_exit(void (*fn)(void));
