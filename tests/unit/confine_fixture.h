/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "process/confine.h"
#include "process/seccomp.h"

/* Confines the calling process as a server does. */
static inline int confine(const int *listeners, size_t n)
{
	int err = confine__drop_privileges();

	return err ? err : seccomp__limit_calls(listeners, n);
}

/* A listening socket on the loopback interface, as a server has; -1 on error. */
static inline int open_listener(void)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return !bind(fd, (const struct sockaddr *)&in, sizeof(in)) && !listen(fd, 8) ? fd : -1;
}
