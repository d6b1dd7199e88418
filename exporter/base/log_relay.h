/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a server logs goes to the attacher, who writes it as the server's: so that whoever takes a
 * server over has no log file to rewrite, no terminal to write to or to read from, and no more
 * lines than there is a budget for. A packet is a line: "<LEVEL>TEXT", or what a library has to
 * say.
 */
#ifndef BASE_LOG_RELAY_H
#define BASE_LOG_RELAY_H

#include "base/util.h"

/* The server's end and the attacher's. 0 or a negative errno. */
int log_relay__open(int *server, int *attacher);

/* The server: that is its standard error from now on, and its input and output are /dev/null. The
 * same. */
int log_relay__join(int server);

/* Lines that servers may have logged, all together; zeroed at first. */
struct log_budget {
	double spent, since;
};

/* Whether there is nothing left of it, for now. Then leave what comes where it is: a server that
 * is itself drops the lines that nobody takes, and counts them. */
bool log_budget__is_spent(struct log_budget *b);

/* The attacher: logs what has come. At its end *fd is closed, and -1. */
void log_relay__pass(int *fd, struct log_budget *b);
/* The last of it, when the server has ended; tells how much there was beyond the budget. */
void log_relay__end(int *fd, struct log_budget *b);

#endif /* BASE_LOG_RELAY_H */
