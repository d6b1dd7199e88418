/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What comes over the channel. A first byte: odd, and the rest is what a server gets, whose first
 * message is numbered as it expects; even, and the rest is what the attacher gets.
 */
#include "channel.h"

#include <sys/socket.h>

#include "fuzz.h"

static void to_server(int server, int attacher, const char *data, size_t len)
{
	struct channel c = { .fd = server };
	__cleanup_buf struct buf out = {};
	const uint32_t number = 1;
	int status = 0;

	fuzz__check(send(attacher, &number, sizeof(number), 0) == sizeof(number));
	fuzz__check(send(attacher, data, len, 0) == (ssize_t)len);
	shutdown(attacher, SHUT_WR);
	channel__call(&c, CHANNEL_REFRESH, CHANNEL_FOREVER, &status, &out);
	fuzz__check(out.len <= len);
}

static void to_attacher(int server, int attacher, const char *data, size_t len)
{
	struct channel_peer peer = { .fd = attacher };
	struct channel_request r;
	size_t n = 0;

	fuzz__check(send(server, data, len, 0) == (ssize_t)len);
	shutdown(server, SHUT_WR);
	while (!channel__receive(&peer, &r))
		n++;
	fuzz__check(n == len / sizeof(r));
}

void fuzz__input(const char *data, size_t len)
{
	int server, attacher;

	if (!len)
		return;
	fuzz__check(!channel__open(&server, &attacher));
	(*data % 2 ? to_server : to_attacher)(server, attacher, data + 1, len - 1);
	close(server);
	close(attacher);
}
