/* SPDX-License-Identifier: GPL-2.0-only */
#include "access/limit.h"

#include <gnutls/crypto.h>

#include "base/clock.h"

#define PEER_BITS 10 /* peers with the same hash share a bucket */

struct bucket {
	double tokens, at; /* at: time of the last request; 0: none */
};

struct web_limit {
	double interval;
	long burst;
	uint64_t key;
	struct bucket known, peers[1 << PEER_BITS];
};

struct web_limit *web_limit__new(void)
{
	struct web_limit *l = xcalloc(1, sizeof(*l));

	/* A random key: attackers must not find an address that shares the scraper's bucket. */
	gnutls_rnd(GNUTLS_RND_NONCE, &l->key, sizeof(l->key));
	return l;
}

static struct bucket *bucket_of(struct web_limit *l, uint64_t peer)
{
	uint64_t h = (peer ^ l->key) * 0x9e3779b97f4a7c15;

	h = (h ^ h >> 32) * (l->key | 1);
	return &l->peers[h >> (64 - PEER_BITS)];
}

static bool take(const struct web_limit *l, struct bucket *b)
{
	double now = monotonic_seconds();

	b->tokens = b->at ? b->tokens + (now - b->at) / l->interval : (double)l->burst;
	b->at = now;
	if (b->tokens > (double)l->burst)
		b->tokens = (double)l->burst;
	if (b->tokens < 1)
		return false;
	b->tokens -= 1;
	return true;
}

bool web_limit__allows(struct web_limit *l, const struct web_settings *s, bool known, uint64_t peer)
{
	if (l->interval != s->limit_interval || l->burst != s->limit_burst)
		*l = (struct web_limit){
			.interval = s->limit_interval,
			.burst = s->limit_burst,
			.key = l->key,
		};
	return s->limit_interval <= 0 || take(l, known ? &l->known : bucket_of(l, peer));
}

void web_limit__free(struct web_limit *l)
{
	free(l);
}
