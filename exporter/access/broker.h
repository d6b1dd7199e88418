/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both ends of the channel by which a server, which cannot open files, gets the web configuration.
 * The attacher, which can read keys that only root may read, checks the files whenever the server
 * asks.
 *
 * The server cannot name a file. Its request has no parameters, and the answer has the texts of the
 * web configuration file and of the files that it names. So a compromised server learns nothing
 * that it did not know.
 */
#pragma once

#include "base/channel.h"
#include "access/files.h"

/* The server's end: zeroed, but for the fields marked as given. */
struct web_broker {
	struct channel channel; /* given: its fd */
	double patience;	/* given: seconds */
	struct buf first;	/* given: the first answer, received at the start; or empty */
	int error;		/* permanent */
};

/* More than the attacher's regular work takes, even on a slow machine. */
#define WEB_BROKER_PATIENCE 2.0

/* web_source.look(). If the attacher does not answer in time (it reloads), nothing has changed. */
int web_broker__look(void *broker, struct buf *out);

/* The attacher's end: answers a request. *known is the version of the texts that this server has.
 * 0, or a negative errno: the server is gone or misbehaves. */
int web_broker__answer(struct channel_peer *p, struct web_files *f, uint64_t *known);
