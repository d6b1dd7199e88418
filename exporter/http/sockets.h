/* SPDX-License-Identifier: GPL-2.0-only */
/* Listening sockets: from addresses as users write them, or from systemd. */
#ifndef HTTP_SOCKETS_H
#define HTTP_SOCKETS_H

#include "config/config.h"
#include "base/fault.h"
#include "base/util.h"

struct listener {
	int fd;		/* listening, non-blocking, close-on-exec */
	uint16_t port;	/* 0 for a socket that has none */
	char *name;	/* "[::]:10435", "127.0.0.1:10435", or a path */
	bool is_broken; /* has ceased to listen, and could not be mended */
};

/* All or none: see http__bind() for what comes back. */
enum fault sockets__open(const struct web_config *c, struct listener **out, size_t *n,
			 char **error);
/* Has those listen that have ceased to. 0 or a negative errno: one does not. What changes is
 * logged.
 */
int sockets__mend(struct listener *v, size_t n);
/* Closes those whose fd is not -1. */
void sockets__close(struct listener *v, size_t n);

#endif /* HTTP_SOCKETS_H */
