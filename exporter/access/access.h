/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration file at work: who may connect, who may ask, and what every answer carries.
 * For each request, in this order: the file is looked at (500 if it is no good), the rate limit
 * (429), headers, the password (401). Nothing here knows the HTTP library.
 *
 * The file, and those that it names, are looked at for every request and every connection, and
 * what has changed counts from then on. Whether TLS is spoken at all is settled at the start; a
 * file that wants it otherwise later is no good until a restart.
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include <gnutls/gnutls.h>

#include "base/buf.h"

struct web;
struct web_peer;     /* a connection */
struct web_settings; /* a version of the file */

/* Who looks at the files. */
struct web_source {
	/* Appends their texts (access/text.h) if they are others than the last time; all of them,
	 * the first time. 0 or a negative errno: they cannot be known any more. */
	int (*look)(void *ctx, struct buf *out);
	void *ctx;
};

/* Reads and checks everything that path names. -EINVAL and *error, one line, to be freed. */
int web__new(const char *path, struct web **out, char **error);
/* For a process that was told whether that speaks TLS, and reads no files. */
struct web *web__adopt(const char *path, bool tls);
bool web__tls(const struct web *w);
/* For the process that serves: takes everything from the source, or from the files if that is NULL
 * (what is wrong by now is logged, and refused as later), and starts the thread that checks
 * passwords. */
int web__start(struct web *w, const struct web_source *source, char **error);
/* No password is checked any more; those who wait are told so. */
void web__stop(struct web *w);
void web__free(struct web *w); /* after all connections are closed; NULL is fine */

/* ---- connections: TLS only ---- */

/* A session before its handshake. NULL: it cannot be served, and its handshake has to fail. */
struct web_peer *web__connect(struct web *w, gnutls_session_t session);
void web_peer__free(struct web_peer *p); /* NULL is fine */

/* ---- requests ---- */

#define WEB_LOGIN (-1)

typedef void (*web_login_done)(void *ctx, int status);

struct web_visit { /* zeroed at first */
	struct web_settings *settings;
	struct web_auth_request *login;
};

/*
 * 0: go on with it. WEB_LOGIN: call web__login(). Anything else is the HTTP status to refuse it
 * with. authorization: that header's value, or NULL. `peer` is whatever tells apart who asks.
 */
int web__enter(struct web *w, struct web_visit *v, const char *authorization, size_t len,
	       uint64_t peer);
/* Calls done(ctx, 0 or a status) from another thread, possibly before this returns 0; or returns a
 * status. */
int web__login(struct web *w, struct web_visit *v, uint64_t peer, web_login_done done, void *ctx);
/* Header i of those that the answer carries, after the rate limit: false if there is none. */
bool web_visit__header(const struct web_visit *v, size_t i, const char **name, const char **value);
/* "Unauthorized": the text that goes with a status of the above. */
const char *web__reason(int code);
void web_visit__end(struct web_visit *v);

#endif /* ACCESS_ACCESS_H */
