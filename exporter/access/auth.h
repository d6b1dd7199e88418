/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic authentication. One thread checks passwords one at a time, because bcrypt is slow by
 * design. Results are cached, so that a client that scrapes again does not wait.
 */
#pragma once

#include "access/credentials.h"
#include "access/settings.h"

struct auth;

enum auth_result {
	AUTH_NO,
	AUTH_YES,
	AUTH_UNKNOWN, /* call auth__submit() */
	AUTH_BUSY,    /* too many logins are waiting, or no memory */
};

typedef void (*auth_done)(void *ctx, enum auth_result result);

#define AUTH_CACHE_MAX 100 /* cached results */
#define AUTH_JOBS_MAX  128 /* different credentials that wait */

/* Starts the thread. NULL and errno on failure. */
struct auth *auth__new(void);
/* From the cache only; AUTH_UNKNOWN for other credentials. */
enum auth_result auth__lookup(struct auth *a, const struct web_settings *s,
			      const struct credentials *c);
/*
 * After AUTH_UNKNOWN. AUTH_UNKNOWN: the thread will call done(), possibly before this returns. Or
 * AUTH_BUSY. peer identifies the client: the waiting logins of one peer do not delay those of
 * another by more than one.
 */
enum auth_result auth__submit(struct auth *a, const struct web_settings *s,
			      const struct credentials *c, uint64_t peer, auth_done done,
			      void *ctx);
/* Answers all waiting and future logins with AUTH_BUSY. Waits for the running check. */
void auth__stop(struct auth *a);
/* The number of cached results. */
size_t auth__cached(struct auth *a);
/* The number of passwords hashed so far. */
uint64_t auth__hashed(struct auth *a);
void auth__free(struct auth *a); /* NULL is fine */
