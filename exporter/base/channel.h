/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server's requests to the attacher, and the answers, over a socket pair: all that goes from the
 * one without privileges to the one with. A request is two numbers in one packet, so that there is
 * never a part of one to wait for.
 */
#ifndef BASE_CHANNEL_H
#define BASE_CHANNEL_H

#include "base/buf.h"
#include "base/util.h"

enum channel_op {
	CHANNEL_REFRESH = 1, /* bring the numbers up to date; the answer: news of label sets */
	CHANNEL_RELOAD,	     /* read the configuration again; the answer: the error, or nothing */
	CHANNEL_ALIVE,	     /* nothing: that the server lives is what it says */
	CHANNEL_WEB,	     /* look at the web configuration; the answer: its texts, if changed */
};

/* The server's end and the attacher's. 0 or a negative errno. */
int channel__open(int *server, int *attacher);

/* A server's end at work, by one thread at a time: zeroed, but for fd. */
struct channel {
	int fd;
	uint32_t asked, answered; /* numbers of requests; equal, or the last has no answer yet */
};

#define CHANNEL_FOREVER (-1.0)

/*
 * The server: asks, and waits for the answer, patience seconds at most. The answer is appended to
 * out, after that to an earlier request that nobody waited for; without which nothing is asked. 0
 * and *status; -ETIMEDOUT; or another negative errno: the attacher is gone.
 */
int channel__call(struct channel *c, enum channel_op op, double patience, int *status,
		  struct buf *out);
/* Only waits for the answer to such an earlier request: 0, and *status as it is, if there is none.
 */
int channel__settle(struct channel *c, double patience, int *status, struct buf *out);

/*
 * The attacher's end at work: zeroed, but for fd. It waits for no server: what the socket does not
 * take of an answer is kept, and sent when it does (POLLOUT); no other request is received before.
 */
struct channel_peer {
	int fd;
	struct buf unsent;
	size_t sent; /* of that */
};

/* A request that has arrived: poll() tells. 0; -EAGAIN: none has; -EPIPE: the server is gone;
 * -EPROTO: it is not itself. */
struct channel_request {
	uint32_t op, number;
};
int channel__receive(struct channel_peer *p, struct channel_request *out);
/* 0 or a negative errno: the server is gone. */
int channel__answer(struct channel_peer *p, const struct channel_request *r, int status,
		    const void *data, size_t len);
/* More of an answer that is on its way. The same. */
int channel__send(struct channel_peer *p);
bool channel__is_sending(const struct channel_peer *p);
void channel__close(struct channel_peer *p); /* closed already is fine, too */

#endif /* BASE_CHANNEL_H */
