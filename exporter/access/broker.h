/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration's files for a server that has no file system. Both ends: the attacher, who
 * may read a key that only root may, looks at them whenever the server asks.
 *
 * The server cannot name a file. All that it can say is "look", and what it gets are the texts of
 * the web configuration file and of what that file names by the attacher's own reading; so who has
 * taken a server over learns nothing by it that the server did not have.
 */
#ifndef ACCESS_BROKER_H
#define ACCESS_BROKER_H

#include "base/channel.h"
#include "access/files.h"

/* The server's end: zeroed, but for what says otherwise. */
struct web_broker {
	struct channel channel; /* with its fd */
	double patience;	/* given: seconds */
	struct buf first;	/* given: the answer that it has had already; or empty */
	int error;		/* for good */
};

/* An attacher that does what it does each second answers sooner, on a slow machine too. */
#define WEB_BROKER_PATIENCE 2.0

/* A web_source's look(). While the attacher is busy for longer than that patience (it reloads),
 * what was there before is still so. */
int web_broker__look(void *broker, struct buf *out);

/* The attacher's end: answers the request that has arrived, *known being the version of the texts
 * that this server has. 0 or a negative errno: the server is gone, or not itself. */
int web_broker__answer(struct channel_peer *p, struct web_files *f, uint64_t *known);

#endif /* ACCESS_BROKER_H */
