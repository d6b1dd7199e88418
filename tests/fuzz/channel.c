/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data from the channel. If the first byte is odd, a server receives the rest, and the first
 * message has the number it expects. If it is even, the attacher receives it. A length byte
 * precedes each packet.
 */
#include "base/channel.h"

#include <errno.h>
#include <sys/socket.h>

#include "fuzz.h"

/* Takes the next packet. Returns false at the end of the input. */
static bool next(const char **data, size_t *len, const char **packet, size_t *size)
{
	if (!*len)
		return false;
	*size = (unsigned char)**data;
	if (*size > *len - 1)
		*size = *len - 1;
	*packet = *data + 1;
	*data += 1 + *size;
	*len -= 1 + *size;
	return true;
}

static void to_server(int server, int attacher, const char *data, size_t len)
{
	struct channel c = { .fd = server };
	__cleanup_buf struct buf out = {};
	char first[16] = { 1 }; /* the number, little-endian */
	const char *packet;
	int status = 0;
	size_t all = len, size;

	if (next(&data, &len, &packet, &size)) {
		memcpy(first + 4, packet, size < 12 ? size : 12);
		fuzz__check(send(attacher, first, sizeof(first), 0) == sizeof(first));
	}
	while (next(&data, &len, &packet, &size))
		fuzz__check(send(attacher, packet, size, MSG_DONTWAIT) == (ssize_t)size ||
			    errno == EAGAIN);
	shutdown(attacher, SHUT_WR);
	channel__call(&c, CHANNEL_REFRESH, CHANNEL_FOREVER, &status, &out);
	fuzz__check(out.len <= all);
}

static void to_attacher(int server, int attacher, const char *data, size_t len)
{
	struct channel_peer peer = { .fd = attacher };
	struct channel_request r;
	const char *packet;
	size_t size;

	while (next(&data, &len, &packet, &size)) {
		int expected = size == sizeof(r) ? 0 : size ? -EPROTO : -EPIPE;

		fuzz__check(send(server, packet, size, 0) == (ssize_t)size);
		fuzz__check(channel__receive(&peer, &r) == expected);
	}
	fuzz__check(channel__receive(&peer, &r) == -EAGAIN);
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
