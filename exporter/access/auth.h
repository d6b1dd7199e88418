/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic authentication. A password is checked by one thread of its own, one at a time, since bcrypt
 * is slow on purpose; results are remembered, so that a client that scrapes again does not wait.
 */
#ifndef ACCESS_AUTH_H
#define ACCESS_AUTH_H

#include "access/settings.h"

/* ---- what the client says: "Authorization: Basic ..." ---- */

struct credentials {
	char *data; /* both of the following, which may hold any byte, NUL included */
	const char *user, *password;
	size_t user_len, password_len;
};

/* 0, -EINVAL for anything but Basic with a user and a password, or -ENOMEM. */
int credentials__parse(const char *header, size_t len, struct credentials *out);
void credentials__free(struct credentials *c); /* wipes them; empty is fine */

/* ---- whether that is so ---- */

struct auth;

enum auth_result {
	AUTH_NO,
	AUTH_YES,
	AUTH_UNKNOWN, /* auth__submit() finds out */
	AUTH_BUSY,    /* too many others are waiting */
};

typedef void (*auth_done)(void *ctx, enum auth_result result);

#define AUTH_CACHE_MAX 100 /* results remembered */
#define AUTH_JOBS_MAX  128 /* different ones waiting */

/* Starts the thread. NULL and errno where that cannot be. */
struct auth *auth__new(void);
/* From memory only: AUTH_UNKNOWN is what it has to say of credentials that are new. */
enum auth_result auth__lookup(struct auth *a, const struct web_settings *s,
			      const struct credentials *c);
/*
 * After AUTH_UNKNOWN. Returns that again if `done` is going to be called, by the thread, possibly
 * before this returns; or AUTH_BUSY. `peer` says who asks: the waiting logins of one peer do not
 * delay those of another by more than one.
 */
enum auth_result auth__submit(struct auth *a, const struct web_settings *s,
			      const struct credentials *c, uint64_t peer, auth_done done,
			      void *ctx);
/* Who waits gets AUTH_BUSY, and so does everybody from now on. Waits for the check under way. */
void auth__stop(struct auth *a);
/* How many results are remembered. */
size_t auth__cached(struct auth *a);
/* How many passwords have been hashed. */
uint64_t auth__hashed(struct auth *a);
void auth__free(struct auth *a); /* NULL is fine */

#endif /* ACCESS_AUTH_H */
