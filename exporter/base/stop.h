/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT and SIGTERM. A thread waits for them, so that they end the process also where its main
 * thread does not get to look: in a system call that does not return, of a file system that is
 * dead. The kernel then takes back what was attached, but for names in tracefs, which the next
 * start removes.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/util.h"

/*
 * Blocks the two, and starts the thread, which does nothing else. To be called before other threads
 * are made; processes that are forked have them blocked, and no such thread. 0 or a negative errno.
 */
int stop__watch(void);
/* The number of the signal that has come, or 0. Who is told of one has taken it over: the process
 * is not ended for not looking, unless another one comes. */
int stop__signal(void);
/* Readable once one has come; -1 if nobody watches. */
int stop__descriptor(void);

#endif /* BASE_STOP_H */
