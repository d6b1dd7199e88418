/* SPDX-License-Identifier: GPL-2.0-only */
/* What the process may do, and what to say when that is not enough. */
#ifndef PRIVS_H
#define PRIVS_H

#include "util.h"

/* NULL if BPF programs for tracing can be loaded; else one line, to be freed, that names the
 * capability that is missing. What a mechanism needs besides is features.h's. */
char *privs__missing(void);

/*
 * For a process that serves strangers, and needs nothing but its memory and the sockets that it
 * has: no capability, no way to get one, another user where that is possible, and a short list of
 * system calls, none of which knows a file's name. Ends with its parent. Threads are made
 * afterwards. 0 or a negative errno.
 */
int privs__confine(void);
/* Closes every descriptor but the standard ones and these. */
void privs__close_others(const int *keep, size_t n);

#endif /* PRIVS_H */
