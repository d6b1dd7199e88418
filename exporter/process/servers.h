/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server processes of an attacher. One is current; old ones take no more connections, answer
 * the requests that they have, and end. All share the listening sockets, so no client is turned
 * away. A server that dies is replaced; if it keeps dying, less and less often.
 */
#pragma once

#include "base/channel.h"
#include "base/log_relay.h"
#include "probes/reconcile.h"
#include "process/serving.h"

#define SERVERS_MAX   8	  /* the current one and old ones */
#define SERVERS_DRAIN 7.0 /* seconds; longer than a server gives its requests */

struct child {
	pid_t pid;
	struct channel_peer channels[SERVED_CHANNELS]; /* our ends; fd -1: none */
	int log;				       /* our end (base/log_relay.h) */
	enum { CHILD_SERVING, CHILD_ENDING } state;
	double since; /* when this state began; monotonic seconds */
	/* Ticks, not seconds: while we are busy, or all processes are frozen, nobody listens. */
	unsigned silent;
	/* A finished reload that this server has asked for, to be answered once no old server takes
	 * connections; op 0: none. */
	struct channel_request reload;
	/* The label sets that it knows, by generation of its probe table. */
	struct known {
		unsigned generation; /* its number */
		uint64_t updates;
	} * known;
	size_t nknown;
	uint64_t web_known; /* version of the web configuration */
};

struct servers {
	const struct reconcile *reconcile; /* has the current probe table */
	struct http *http;		   /* bound */
	const struct web_config *web;
	struct web_files *web_files; /* NULL: no web configuration file */
	struct child v[SERVERS_MAX];
	size_t n;
	int history;	   /* pages/history.h; -1: none. We never map it: servers write there */
	bool ready;	   /* the first configuration is attached */
	bool stopping;	   /* start no more servers */
	double respawn_at; /* when to start a server; 0: none is missing */
	double backoff;
	struct log_budget log_budget;
	double heard; /* when a server last showed a sign of life */
};

struct child *servers__find(struct servers *s, pid_t pid);
/* 0 or a negative errno. */
int servers__spawn(struct servers *s);
/* Starts a server for a new probe table, then tells the old one to end. If that fails, the old one
 * ends nevertheless, and another start is due soon. */
void servers__replace(struct servers *s);
/* Starts the server that is missing, if it is time. */
void servers__respawn(struct servers *s);
/* Collects servers that have ended. */
void servers__reap(struct servers *s);
/* Kills old servers that do not end in SERVERS_DRAIN. */
void servers__kill_laggards(struct servers *s);
/* Replaces the current server if it hangs. Call it once per tick. */
void servers__replace_silent(struct servers *s);
/* Tells all servers to end. */
void servers__end(struct servers *s);

/* Receives a sign of life. 0 or a negative errno; but for -EPROTO, the server has closed the
 * channel and takes no more connections. */
int servers__hear(struct servers *s, struct child *c);
/* Appends the label sets that the server does not know yet. An old server has another probe table,
 * but its generations may still be counting. */
void child__write_updates(struct child *c, const struct probe_table *table, struct buf *out);
/* Appends the exemplars of its probe table (samples/exemplar.h). */
void child__write_exemplars(const struct child *c, const struct reconcile *r, struct buf *out);
/* Kills a server that is gone or misbehaves. If that is not allowed, at least ignores it. */
void child__expel(struct child *c);
