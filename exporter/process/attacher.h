/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The attacher: the process with the privileges. It attaches, watches the machine, reloads, and
 * keeps a server running; it talks to no network, and answers nobody but its servers, which can ask
 * three things of it (base/channel.h). It has one thread, so that it can fork.
 */
#ifndef PROCESS_ATTACHER_H
#define PROCESS_ATTACHER_H

#include "http/http.h"
#include "probes/reconcile.h"

struct attacher_setup {
	struct reconcile *reconcile; /* not configured yet */
	struct http *http;	     /* bound */
	const struct web_config *web;
	/* Configures it, which may take long: 0, or the exit code. */
	int (*start)(void *ctx);
	/* Reads the configuration again: 0 and *out, or -EINVAL and *error. */
	int (*read_config)(void *ctx, struct config **out, char **error);
	void *ctx;
};

/* Until stop__signal(). SIGHUP and SIGCHLD are blocked. 0; the exit code of start(); or a negative
 * errno that has been logged. */
int attacher__run(const struct attacher_setup *s);

#endif /* PROCESS_ATTACHER_H */
