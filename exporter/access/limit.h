/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rate_limit of the web configuration: a token bucket. One token returns per interval, up to
 * `burst`, and each request takes one.
 *
 * All authenticated requests share the configured limit; so do all requests if there are no users,
 * as in the toolkit. Other requests have that limit per peer, so that they cannot use up the tokens
 * of the scraper. Not thread-safe.
 */
#pragma once

#include "access/settings.h"

struct web_limit;

struct web_limit *web_limit__new(void);
/* known: the request is authenticated, or need not be. After a change of the limit all buckets are
 * full. */
bool web_limit__allows(struct web_limit *l, const struct web_settings *s, bool known,
		       uint64_t peer);
void web_limit__free(struct web_limit *l); /* NULL is fine */
