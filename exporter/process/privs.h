/* SPDX-License-Identifier: GPL-2.0-only */
/* What the process may do, and what to say when that is not enough. */
#ifndef PROCESS_PRIVS_H
#define PROCESS_PRIVS_H

#include "base/util.h"

/* NULL if BPF programs for tracing can be loaded; else one line, to be freed, that names the
 * capability that is missing. What a mechanism needs besides is kernel/features.h's. */
char *privs__missing(void);

/* First of all in a process: what is opened later does not become its standard input, output or
 * error, should it have been started without. False: there is no /dev/null. */
bool privs__open_standard(void);
/* No dump of the process's memory. */
void privs__keep_secrets(void);

/*
 * For a process that serves strangers, and needs nothing but its memory and the sockets that it
 * has: no capability, no way to get one, another user where that is possible, no core dumps, and a
 * short list of system calls, none of which knows a file's name. Of the sockets, those that listen
 * are others', too, and stay as they are. Ends with its parent. Threads are made afterwards. 0 or a
 * negative errno.
 */
int privs__confine(const int *listeners, size_t n);
/* Its first half: all but the system calls. For what is to be read before those are limited. */
int privs__renounce(void);
/* Afterwards, once its threads are there: there will be no others. The same. */
int privs__settle(void);
/* Descriptors that it can have: more than http/daemon.c accepts connections. */
#define PRIVS_FILES 20000
/* Closes every descriptor but the standard ones and these. */
void privs__close_others(const int *keep, size_t n);

/* ---- process/seccomp.c: the second half ---- */

int privs__filter(const int *listeners, size_t n);

#endif /* PROCESS_PRIVS_H */
