/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Confines a server, which only needs its memory and its open sockets. The order is: drop the
 * privileges, read what only their absence may guard, seccomp__limit_calls(), make threads,
 * seccomp__forbid_threads().
 */
#pragma once

#include "base/util.h"

/* RLIMIT_NOFILE of a server: more than the connections that http/http.c accepts. */
#define CONFINE_FILES 20000

/* No capability and no way to get one, another user where that is possible, limits, no core dumps.
 * The process ends with its parent. 0 or a negative errno. */
int confine__drop_privileges(void);
/* No dumps of the process's memory. */
void confine__keep_secrets(void);
/* Closes every descriptor but the standard ones and these. */
void confine__close_others(const int *keep, size_t n);
