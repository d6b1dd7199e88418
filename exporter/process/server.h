/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server: an unprivileged process of the attacher that reads the counts from shared memory and
 * answers HTTP. It does not see reloads: another server replaces it.
 *
 * It is this program, executed with another name and a descriptor (process/served.h).
 */
#pragma once

#include "base/util.h"

#define SERVER_NAME "retprobe_exporter: server"

/* Whether this process was started as a server. */
bool server__is_meant(int argc, char *const argv[]);
/*
 * Call it with all signals blocked. Runs until the attacher shuts SERVED_END down or SIGTERM
 * arrives, and the requests in flight are answered. Returns the exit code; 2: not started by an
 * attacher.
 */
int server__main(int argc, char *const argv[]);
