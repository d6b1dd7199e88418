/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server: a child of the attacher, without privileges, that reads the cells which it has
 * inherited and answers HTTP. It does not know of reloads: another one takes its place.
 */
#ifndef SERVER_H
#define SERVER_H

#include "http.h"
#include "view.h"

struct server_setup {
	const struct view *view;
	struct http *http; /* bound, not started */
	const struct web_config *config;
	/* Channels to the attacher; on the last it is told to end, and says that it lives. */
	int refresh, reload, end;
	/* Without a web configuration file, -1 and nothing: */
	int web;	      /* another channel */
	struct buf web_texts; /* what it would have told last; the server frees it */
};

/* In the child, with all signals blocked. Returns its exit code, once the attacher has closed its
 * end of the channel for that, or SIGTERM has come, and the requests under way are answered. */
int server__run(const struct server_setup *s);

#endif /* SERVER_H */
