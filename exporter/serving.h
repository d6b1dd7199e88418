/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server is this program, executed anew: it has nothing of the attacher's memory, and not its
 * addresses, but what it is given (served.h).
 */
#ifndef SERVING_H
#define SERVING_H

#include "http.h"
#include "served.h"
#include "view.h"

/* Once, at the start: what servers are executed from, whatever becomes of the file's name. 0 or a
 * negative errno. */
int serving__init(void);

struct serving_setup {
	const struct view *view;
	const struct http *http; /* bound */
	const struct web_config *web;
	bool ready; /* served.h */
	int channels[SERVED_CHANNELS];
	int log;		     /* what it logs goes there (log_relay.h) */
	const struct buf *web_texts; /* what the web channel would have told last */
};

/* Starts a server. Its process id or a negative errno. */
pid_t serving__start(const struct serving_setup *s);

#endif /* SERVING_H */
