/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rate_limit of the web configuration: tokens come back one each interval, up to `burst` of them,
 * and a request takes one.
 *
 * Users who have logged in share the configured limit, as does everybody where there are no users
 * (so does the toolkit). All other requests have the same limit for each peer, so that strangers
 * cannot use up what belongs to the scraper. Not thread-safe.
 */
#ifndef ACCESS_LIMIT_H
#define ACCESS_LIMIT_H

#include "access/settings.h"

struct web_limit;

struct web_limit *web_limit__new(void);
/* known: whoever asks has logged in, or need not. A limit that changes starts with full bursts. */
bool web_limit__allows(struct web_limit *l, const struct web_settings *s, bool known,
		       uint64_t peer);
void web_limit__free(struct web_limit *l); /* NULL is fine */

#endif /* ACCESS_LIMIT_H */
