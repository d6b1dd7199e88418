/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS as the web configuration wants it, for sessions that somebody else makes and drives. Sessions
 * hold on to the material that they began with; new ones get what the files say then.
 */
#ifndef ACCESS_TLS_H
#define ACCESS_TLS_H

#include <gnutls/gnutls.h>

#include "access/settings.h"

/* ---- what is made of settings and of the files that they name ---- */

struct web_tls;

/* config: the path of the web configuration file, for errors. One reference. On failure *error, to
 * be freed, and -EINVAL, or -EKEYREJECTED if only cert and key do not make a pair. */
int web_tls__new(const char *config, struct web_settings *s, const struct web_texts *t,
		 struct web_tls **out, char **error);
void web_tls__put(struct web_tls *tls); /* NULL is fine */

/* ---- one connection ---- */

struct web_peer;

/* Prepares a session before its handshake; until the peer is freed the session's pointer is the
 * peer's. NULL without memory. */
struct web_peer *web_tls__prepare(struct web_tls *tls, gnutls_session_t session);
void web_peer__free(struct web_peer *p); /* after the last use of the session; NULL is fine */

#endif /* ACCESS_TLS_H */
