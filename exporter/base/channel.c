/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Bytes of an answer in a packet; small enough for a socket's smallest buffers. */
#define PACKET (16 << 10)
#define PIECE  (1 << 20) /* reserved at a time */

/* A packet. Packets with len bytes follow, all of them full except for the last. */
struct answer {
	uint32_t number;
	int32_t status;
	uint64_t len;
};

int channel__open(int *server, int *attacher)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	*server = fds[0];
	*attacher = fds[1];
	return 0;
}

/* Receives a packet of exactly that size. */
static int receive_packet(int fd, void *data, size_t len, int flags)
{
	ssize_t n = TEMP_FAILURE_RETRY(recv(fd, data, len, flags | MSG_TRUNC));

	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	if (!n)
		return -EPIPE;
	return (size_t)n == len ? 0 : -EPROTO;
}

/* Waits for data. Data that has already arrived is never too late. */
static int await(int fd, double until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		double left = until - monotonic_seconds();
		int limit = until < 0 ? -1 : left > 0 ? (int)(left * 1000) + 1 : 0;
		int n = poll(&p, 1, limit);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n && !limit)
			return -ETIMEDOUT;
	}
}

/* Reserves memory piece by piece, as data arrives: the announced length is not trusted. Secrets fit
 * into one piece, so growing leaves no copies of them. */
static int receive_body(int fd, uint64_t len, struct buf *out)
{
	size_t from = out->len;

	while (len) {
		size_t n = len < PACKET ? len : PACKET;
		size_t room = out->cap - out->len < n && len > n ? (len < PIECE ? len : PIECE) : n;
		char *p = buf__reserve(out, room);
		int err = p ? receive_packet(fd, p, n, 0) : -ENOMEM;

		if (err) {
			out->len = from;
			return err;
		}
		out->len += n;
		len -= n;
	}
	return 0;
}

static int receive_answer(int fd, struct answer *a, struct buf *out)
{
	int err = receive_packet(fd, a, sizeof(*a), 0);

	return err ? err : receive_body(fd, a->len, out);
}

static int settle(struct channel *c, double until, int *status, struct buf *out)
{
	struct answer a;
	int err = 0;

	while (!err && c->answered != c->asked) {
		err = await(c->fd, until);
		if (!err)
			err = receive_answer(c->fd, &a, out);
		if (err)
			break;
		c->answered = a.number;
		*status = a.status;
	}
	return err;
}

static double end_of(double patience)
{
	return patience < 0 ? -1 : monotonic_seconds() + patience;
}

int channel__settle(struct channel *c, double patience, int *status, struct buf *out)
{
	return settle(c, end_of(patience), status, out);
}

/* Only one request is pending at a time, so they do not pile up while the attacher is busy, and the
 * socket has room for each. */
int channel__call(struct channel *c, enum channel_op op, double patience, int *status,
		  struct buf *out)
{
	double until = end_of(patience);
	struct channel_request r = { .op = op };
	int late, err = settle(c, until, &late, out);

	if (err)
		return err;
	r.number = ++c->asked;
	if (TEMP_FAILURE_RETRY(send(c->fd, &r, sizeof(r), MSG_NOSIGNAL)) < 0)
		return -errno;
	return settle(c, until, status, out);
}

int channel__receive(struct channel_peer *p, struct channel_request *out)
{
	return receive_packet(p->fd, out, sizeof(*out), MSG_DONTWAIT);
}

int channel__answer(struct channel_peer *p, const struct channel_request *r, int status,
		    const void *data, size_t len)
{
	struct answer a = { .number = r->number, .status = status, .len = len };

	if (!buf__reserve(&p->unsent, sizeof(a) + len))
		return -ENOMEM;
	buf__append(&p->unsent, &a, sizeof(a));
	buf__append(&p->unsent, data, len);
	return channel__send(p);
}

static size_t next_packet(const struct channel_peer *p)
{
	size_t rest = p->unsent.len - p->sent, most = p->sent ? PACKET : sizeof(struct answer);

	return rest < most ? rest : most;
}

int channel__send(struct channel_peer *p)
{
	while (p->sent < p->unsent.len) {
		size_t len = next_packet(p);
		ssize_t n = send(p->fd, p->unsent.data + p->sent, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		p->sent += n > 0 ? n : 0;
	}
	buf__free_secret(&p->unsent);
	p->sent = 0;
	return 0;
}

bool channel__is_sending(const struct channel_peer *p)
{
	return p->unsent.len;
}

void channel__close(struct channel_peer *p)
{
	cleanup__close(&p->fd);
	buf__free_secret(&p->unsent);
	*p = (struct channel_peer){ .fd = -1 };
}
