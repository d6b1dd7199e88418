/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server's requests to the attacher, and the answers, over a socket pair. Nothing else goes from
 * the unprivileged process to the privileged one. A request is two numbers in one packet, so it
 * never arrives in part.
 */
#pragma once

#include "base/buf.h"
#include "base/util.h"

enum channel_op {
	CHANNEL_REFRESH = 1, /* update the numbers; the answer: updates of label sets, exemplars */
	CHANNEL_RELOAD,	     /* reload the configuration; the answer: the error, or nothing */
	CHANNEL_ALIVE,	     /* nothing: a sign of life */
	CHANNEL_CALLS,	     /* look for calls in progress; the answer: a report (scan/report.h) */
	CHANNEL_SAMPLES,     /* nothing; the answer: a report (samples/report.h) */
	CHANNEL_WEB,	     /* check the web configuration; the answer: its texts, if changed */
};

/* Makes the ends of the server and of the attacher, also for log lines (base/log_relay.h). 0 or a
 * negative errno. */
int channel__open(int *server, int *attacher);

/* The server's end, for one thread at a time. Start zeroed, except for fd. */
struct channel {
	int fd;
	uint32_t asked, answered; /* numbers of requests; unequal: the last has no answer yet */
};

#define CHANNEL_FOREVER (-1.0)

/*
 * The server: sends a request and waits for the answer, at most patience seconds. If an earlier
 * request timed out, first waits for its answer, too. Appends the answers to out. 0 and *status;
 * -ETIMEDOUT; or another negative errno: the attacher is gone.
 */
int channel__call(struct channel *c, enum channel_op op, double patience, int *status,
		  struct buf *out);
/* Waits only for the answer to an earlier request. Without one, 0, and *status is unchanged. */
int channel__settle(struct channel *c, double patience, int *status, struct buf *out);

/*
 * The attacher's end. Start zeroed, except for fd. It never waits for a server: the part of an
 * answer that the socket does not accept is kept and sent at POLLOUT. Receive no request before
 * that.
 */
struct channel_peer {
	int fd;
	struct buf unsent;
	size_t sent; /* bytes of it */
};

/* Takes the next request. 0; -EAGAIN: none; -EPIPE: the server is gone; -EPROTO: it misbehaves, and
 * may be compromised. */
struct channel_request {
	uint32_t op, number;
};
int channel__receive(struct channel_peer *p, struct channel_request *out);
/* 0 or a negative errno: the server is gone. */
int channel__answer(struct channel_peer *p, const struct channel_request *r, int status,
		    const void *data, size_t len);
/* Sends more of a kept answer. 0 or a negative errno: the server is gone. */
int channel__send(struct channel_peer *p);
bool channel__is_sending(const struct channel_peer *p);
void channel__close(struct channel_peer *p); /* also if it is closed */
