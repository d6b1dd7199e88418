/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The attacher: the privileged process. It attaches, watches the machine, reloads, and keeps a
 * server running. It does not use the network, and answers only its servers, which can send the
 * requests of base/channel.h. It has one thread, so that it can fork.
 */
#pragma once

#include "http/http.h"
#include "probes/reconcile.h"

struct attacher_setup {
	struct reconcile *reconcile; /* not configured yet */
	struct http *http;	     /* bound */
	const struct web_config *web;
	struct config_watch *watch; /* reload when it tells of a change; NULL: never */
	/* Applies the first configuration, which may take long. 0, or the exit code. */
	int (*start)(void *ctx);
	/* Reads the configuration again. 0 and *out, or -EINVAL and *error. */
	int (*read_config)(void *ctx, struct config **out, char **error);
	void *ctx;
};

/* Runs until stop__signal(). SIGHUP and SIGCHLD must be blocked. 0, the exit code of start(), or a
 * negative errno that has been logged. */
int attacher__run(const struct attacher_setup *s);
