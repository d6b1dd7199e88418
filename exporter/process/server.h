/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server: a process of the attacher's without privileges, that reads the cells which it has
 * been given and answers HTTP. It does not know of reloads: another one takes its place.
 *
 * It is this program executed with another name and a descriptor (process/served.h): nothing that
 * anybody would do by hand.
 */
#ifndef PROCESS_SERVER_H
#define PROCESS_SERVER_H

#include "base/util.h"

#define SERVER_NAME "retprobe_exporter: server"

/* Whether this process is to be one. */
bool server__is_meant(int argc, char *const argv[]);
/*
 * With all signals blocked. Returns its exit code, once the attacher has closed its end of the
 * channel for that, or SIGTERM has come, and the requests under way are answered; 2 if it was not
 * started by an attacher.
 */
int server__main(int argc, char *const argv[]);

#endif /* PROCESS_SERVER_H */
