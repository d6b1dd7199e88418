/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration file at work: TLS, authentication, rate limit and response headers. For
 * each request, in this order: the file is checked for changes (500 if it is invalid), then the
 * rate limit (429), the headers, and the password (401). Nothing here depends on the HTTP library.
 *
 * The file, and the files that it names, are checked at every request and connection, and changes
 * apply at once. Whether TLS is used is decided at the start: a file that changes it later is
 * invalid until a restart.
 */
#pragma once

#include <gnutls/gnutls.h>

#include "base/buf.h"

struct web;
struct web_peer;     /* a connection */
struct web_settings; /* a version of the file */

/* Where the files' texts come from. */
struct web_source {
	/* Appends all texts (access/text.h) if one has changed since the last call, and the first
	 * time. 0 or a negative errno: they cannot be read any more. */
	int (*look)(void *ctx, struct buf *out);
	void *ctx;
};

/* Reads and checks the file and all files that it names. 0, or -EINVAL and *error, one line, to be
 * freed. */
int web__new(const char *path, struct web **out, char **error);
/* For a process that reads no files itself. tls: as web__tls() of the process that has checked
 * them. */
struct web *web__adopt(const char *path, bool tls);
bool web__tls(const struct web *w);
/* Reads the settings from the source (NULL: from the files) and starts the thread that checks
 * passwords. Invalid settings are logged, and requests are refused until they are fixed. */
int web__start(struct web *w, const struct web_source *source, char **error);
/* Stops checking passwords. Waiting logins are refused. */
void web__stop(struct web *w);
void web__free(struct web *w); /* after all connections are closed; NULL is fine */

/* ---- connections: TLS only ---- */

/* Prepares a session before its handshake. NULL: the handshake must fail. Free it by
 * web_peer__free() (access/tls.h). */
struct web_peer *web__connect(struct web *w, gnutls_session_t session);

/* ---- requests ---- */

#define WEB_LOGIN (-1)

typedef void (*web_login_done)(void *ctx, int status);

struct web_visit { /* zeroed at first */
	struct web_settings *settings;
	struct web_auth_request *login;
};

/*
 * 0: admitted. WEB_LOGIN: call web__login(). Anything else: refuse with this HTTP status.
 * authorization: the header's value, or NULL. peer identifies the client.
 */
int web__enter(struct web *w, struct web_visit *v, const char *authorization, size_t len,
	       uint64_t peer);
/* 0: another thread calls done(ctx, 0 or a status), possibly before this returns. Or a status. */
int web__login(struct web *w, struct web_visit *v, uint64_t peer, web_login_done done, void *ctx);
/* Configured response header i. False: there is none. */
bool web_visit__header(const struct web_visit *v, size_t i, const char **name, const char **value);
/* The text for a status of the functions above, such as "Unauthorized". */
const char *web__reason(int code);
void web_visit__end(struct web_visit *v);
