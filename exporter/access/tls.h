/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS by the web configuration, for sessions of the HTTP library. A session keeps the material that
 * it began with; new sessions use the current files.
 */
#pragma once

#include <gnutls/gnutls.h>

#include "access/settings.h"

/* ---- material: made from the settings and the files that they name ---- */

struct web_tls;

/* config: the path of the web configuration file, for errors. 0 and *out with one reference; or
 * *error, to be freed, and -EINVAL, or -EKEYREJECTED if only cert and key do not match. */
int web_tls__new(const char *config, struct web_settings *s, const struct web_texts *t,
		 struct web_tls **out, char **error);
void web_tls__put(struct web_tls *tls); /* NULL is fine */

/* ---- one connection ---- */

struct web_peer;

/* Prepares a session before its handshake. Uses the session's pointer until the peer is freed. NULL
 * without memory. */
struct web_peer *web_tls__prepare(struct web_tls *tls, gnutls_session_t session);
void web_peer__free(struct web_peer *p); /* after the last use of the session; NULL is fine */
