/* SPDX-License-Identifier: GPL-2.0-only */
/* Listening sockets, by address or from systemd. */
#pragma once

#include "config/config.h"
#include "base/fault.h"
#include "base/util.h"

struct listener {
	int fd;		/* listening, non-blocking, close-on-exec */
	uint16_t port;	/* 0 for a socket that has none */
	char *name;	/* "[::]:10435", "127.0.0.1:10435", or a path */
	bool is_broken; /* has stopped listening and cannot be repaired */
};

/* Opens all or none. Errors as http__bind(). */
enum fault sockets__open(const struct web_config *c, struct listener **out, size_t *n,
			 char **error);
/* Makes sockets listen again that have stopped. 0, or a negative errno: a socket does not listen.
 * Changes are logged. */
int sockets__mend(struct listener *v, size_t n);
/* Closes those whose fd is not -1. */
void sockets__close(struct listener *v, size_t n);
