/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server is this program, executed anew: it has nothing of the attacher's memory, and not its
 * addresses, but what it is given (process/served.h).
 */
#ifndef PROCESS_SERVING_H
#define PROCESS_SERVING_H

#include "http/http.h"
#include "process/served.h"
#include "probes/table.h"

/* Once, at the start: what servers are executed from, whatever becomes of the file's name. 0 or a
 * negative errno. */
int serving__init(void);

struct serving_setup {
	const struct view *view;
	const struct http *http; /* bound */
	const struct web_config *web;
	bool ready; /* process/served.h */
	int channels[SERVED_CHANNELS];
	int log;		     /* what it logs goes there (base/log_relay.h) */
	const struct buf *web_texts; /* what the web channel would have told last */
};

/* Starts a server. Its process id or a negative errno. */
pid_t serving__start(const struct serving_setup *s);

#endif /* PROCESS_SERVING_H */
