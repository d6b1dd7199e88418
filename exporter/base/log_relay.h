/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server logs through the attacher. So an attacker in a server has no log file to rewrite, no
 * terminal to write to or read from, and a limited number of lines. A packet is a line:
 * "<LEVEL>TEXT", or plain text from a library.
 */
#pragma once

#include "base/util.h"

/* The server: makes it standard error; the others become /dev/null. 0 or a negative errno. */
int log_relay__join(int server);

/* The budget of lines, for all servers together. Start zeroed. */
struct log_budget {
	double spent, since;
};

/* Whether the budget is spent for now. Then read nothing: a server drops and counts the lines that
 * are not read. */
bool log_budget__is_spent(struct log_budget *b);

/* The attacher: logs the lines that have arrived. At the end of file, closes *fd: -1. */
void log_relay__pass(int *fd, struct log_budget *b);
/* Logs the rest after a server has ended, and the number of lines beyond the budget. */
void log_relay__end(int *fd, struct log_budget *b);
