/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

int output__write(const char *data, size_t len, bool (*wait)(void *ctx), void *ctx)
{
	while (len) {
		struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };
		/* A pipe that poll(2) calls writable has room for so much. */
		size_t most = len < PIPE_BUF ? len : PIPE_BUF;
		ssize_t n;

		if (poll(&p, 1, 1000) <= 0) {
			if (!wait(ctx))
				return -ECANCELED;
			continue;
		}
		n = write(STDOUT_FILENO, data, most);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		data += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return 0;
}
