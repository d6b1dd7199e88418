/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cache of results, and the thread that checks passwords.
 *
 * A result is stored under a keyed hash of user, stored hash and password, each with its length in
 * front. Without the lengths one set of credentials could pass for another (CVE-2022-46146). The
 * key is random per process, so the cache reveals no password. Failed guesses never evict a
 * successful login, so guessing does not slow down scrapes.
 *
 * For an unknown user the password is compared with a fixed hash, as expensive as the most
 * expensive real one, and always refused. So timing reveals no user names.
 *
 * Peers take turns in the queue. A login's rank is the number of logins that its peer had waiting
 * when it arrived. The lowest rank is next. If the queue is full, the highest rank is dropped.
 */
#include "access/auth.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <pthread.h>

#include "base/buf.h"

#define KEY_SIZE    32
#define EVICTED	    (AUTH_CACHE_MAX / 10) /* at once, when the cache is full */
#define BCRYPT_MAX  72			  /* bytes of a password that bcrypt uses */
#define BCRYPT_SIZE 60

/* Of "fakepassword". Its cost is replaced by that of the other hashes. */
static const char fake_hash[] = "$2y$10$uXv0Zs1jB3nqYc7Kp4wR9OKwXuV7FD.UmRQL.P08RpN99xeRmIU9K";

struct cached {
	uint8_t key[KEY_SIZE];
	bool ok;
};

struct waiter {
	struct waiter *next;
	auth_done done;
	void *ctx;
};

/* One set of credentials, and the requests that wait for it. */
struct job {
	struct job *next;
	uint8_t key[KEY_SIZE];
	char hash[BCRYPT_SIZE + 1];
	char password[BCRYPT_MAX + 1];
	bool possible; /* the user exists, and bcrypt sees all of the password */
	uint64_t peer;
	unsigned rank;
	struct waiter *waiters;
};

struct auth {
	uint8_t secret[KEY_SIZE];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, stop;
	struct cached cache[AUTH_CACHE_MAX];
	size_t ncached;
	struct job *jobs; /* in order of arrival */
	size_t njobs;
	struct job *running;
	uint64_t hashed;
	struct crypt_data scratch; /* for the thread */
};

/* ---- hashes -------------------------------------------------------------- */

/* Copies the hash to compare with. Returns whether the user exists. Always looks at all users. */
static bool find_hash(const struct web_settings *s, const struct credentials *c,
		      char hash[BCRYPT_SIZE + 1])
{
	const char *cost = "00";
	bool found = false;

	memcpy(hash, fake_hash, BCRYPT_SIZE + 1);
	for (size_t i = 0; i < s->nusers; i++)
		if (strncmp(s->users[i].hash + 4, cost, 2) > 0)
			cost = s->users[i].hash + 4;
	memcpy(hash + 4, cost, 2);
	for (size_t i = 0; i < s->nusers; i++) {
		const struct web_user *u = &s->users[i];

		if (strlen(u->name) != c->user_len || gnutls_memcmp(u->name, c->user, c->user_len))
			continue;
		memcpy(hash, u->hash, BCRYPT_SIZE + 1);
		found = true;
	}
	return found;
}

static void put_field(struct buf *b, const void *data, uint64_t len)
{
	buf__append(b, &len, sizeof(len));
	buf__append(b, data, len);
}

/* `known` tells a user with the fixed hash from users that do not exist. */
static int make_key(const struct auth *a, const struct credentials *c, const char *hash, bool known,
		    uint8_t key[KEY_SIZE])
{
	struct buf b = { 0 };
	int err = -ENOMEM;

	/* All at once: growing would leave a copy in freed memory. */
	if (!buf__reserve(&b,
			  c->user_len + c->password_len + BCRYPT_SIZE + 4 * sizeof(uint64_t) + 1))
		return err;
	put_field(&b, c->user, c->user_len);
	put_field(&b, hash, BCRYPT_SIZE);
	put_field(&b, c->password, c->password_len);
	put_field(&b, &known, sizeof(known));
	if (!b.failed &&
	    !gnutls_hmac_fast(GNUTLS_MAC_SHA256, a->secret, sizeof(a->secret), b.data, b.len, key))
		err = 0;
	explicit_bzero(b.data, b.len);
	buf__free(&b);
	return err;
}

/* ---- the cache; under the lock ------------------------------------------------------ */

static struct cached *find_cached(struct auth *a, const uint8_t *key)
{
	for (size_t i = 0; i < a->ncached; i++)
		if (!memcmp(a->cache[i].key, key, KEY_SIZE))
			return &a->cache[i];
	return NULL;
}

static size_t random_below(size_t n)
{
	uint32_t r = 0;

	gnutls_rnd(GNUTLS_RND_NONCE, &r, sizeof(r));
	return r % n;
}

/* Evicts some failed results; successful ones only if there are no others. */
static void evict(struct auth *a)
{
	size_t failed = 0;

	/* Moves failed results to the end. */
	for (size_t i = 0, end = a->ncached; i < end;) {
		struct cached entry = a->cache[i];

		if (entry.ok) {
			i++;
			continue;
		}
		a->cache[i] = a->cache[--end];
		a->cache[end] = entry;
		failed++;
	}
	for (int i = 0; i < EVICTED; i++) {
		size_t among = failed ? failed : a->ncached;
		size_t victim = a->ncached - 1 - random_below(among);

		a->cache[victim] = a->cache[--a->ncached];
		failed -= failed > 0;
	}
}

static void remember(struct auth *a, const uint8_t *key, bool ok)
{
	if (find_cached(a, key))
		return;
	if (a->ncached == AUTH_CACHE_MAX)
		evict(a);
	memcpy(a->cache[a->ncached].key, key, KEY_SIZE);
	a->cache[a->ncached++].ok = ok;
}

/* ---- the queue; under the lock -------------------------------------------------------- */

static struct job *find_job(struct auth *a, const uint8_t *key)
{
	if (a->running && !memcmp(a->running->key, key, KEY_SIZE))
		return a->running;
	for (struct job *j = a->jobs; j; j = j->next)
		if (!memcmp(j->key, key, KEY_SIZE))
			return j;
	return NULL;
}

static void unlink_job(struct auth *a, struct job *job)
{
	struct job **at = &a->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->next = NULL;
	a->njobs--;
}

static struct job *take_next(struct auth *a)
{
	struct job *best = a->jobs;

	for (struct job *j = a->jobs; j; j = j->next)
		if (j->rank < best->rank)
			best = j;
	if (best)
		unlink_job(a, best);
	return best;
}

/* The last job of the highest rank, if that is above `rank`. */
static struct job *take_worst(struct auth *a, unsigned rank)
{
	struct job *worst = a->jobs;

	for (struct job *j = a->jobs; j; j = j->next)
		if (j->rank >= worst->rank)
			worst = j;
	if (!worst || worst->rank <= rank)
		return NULL;
	unlink_job(a, worst);
	return worst;
}

static void append_job(struct auth *a, struct job *job)
{
	struct job **at = &a->jobs;

	while (*at)
		at = &(*at)->next;
	*at = job;
	a->njobs++;
}

/* Not under the lock. Tells all waiters and frees the job. */
static void finish_job(struct job *job, enum auth_result result)
{
	struct waiter *w;

	if (!job)
		return;
	while ((w = job->waiters)) {
		job->waiters = w->next;
		w->done(w->ctx, result);
		free(w);
	}
	explicit_bzero(job, sizeof(*job));
	free(job);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool matches(struct auth *a, const struct job *job)
{
	const char *out = crypt_r(job->password, job->hash, &a->scratch);
	bool ok = out && strlen(out) == BCRYPT_SIZE && !gnutls_memcmp(out, job->hash, BCRYPT_SIZE);

	explicit_bzero(&a->scratch, sizeof(a->scratch));
	return ok && job->possible;
}

static void *run(void *arg)
{
	struct auth *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct job *job = take_next(a);
		bool ok;

		if (!job) {
			pthread_cond_wait(&a->wake, &a->lock);
			continue;
		}
		a->running = job;
		pthread_mutex_unlock(&a->lock);
		ok = matches(a, job);
		pthread_mutex_lock(&a->lock);
		a->hashed++;
		a->running = NULL;
		remember(a, job->key, ok);
		pthread_mutex_unlock(&a->lock);
		finish_job(job, ok ? AUTH_YES : AUTH_NO);
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* ---- interface ---------------------------------------------------------------------------- */

struct auth *auth__new(void)
{
	struct auth *a = xcalloc(1, sizeof(*a));
	int err;

	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->wake, NULL);
	err = gnutls_rnd(GNUTLS_RND_KEY, a->secret, sizeof(a->secret)) ? EIO : 0;
	if (!err)
		err = pthread_create(&a->thread, NULL, run, a);
	if (err) {
		auth__free(a);
		errno = err;
		return NULL;
	}
	a->started = true;
	return a;
}

enum auth_result auth__lookup(struct auth *a, const struct web_settings *s,
			      const struct credentials *c)
{
	enum auth_result result = AUTH_UNKNOWN;
	char hash[BCRYPT_SIZE + 1];
	struct cached *cached;
	uint8_t key[KEY_SIZE];
	bool known;

	known = find_hash(s, c, hash);
	if (make_key(a, c, hash, known, key))
		return AUTH_BUSY;
	pthread_mutex_lock(&a->lock);
	cached = find_cached(a, key);
	if (cached)
		result = cached->ok ? AUTH_YES : AUTH_NO;
	pthread_mutex_unlock(&a->lock);
	return result;
}

/* bcrypt uses the first 72 bytes of a C string. A password with a NUL in those never matches, but
 * takes the same time. */
static struct job *new_job(const struct auth *a, const struct web_settings *s,
			   const struct credentials *c)
{
	size_t len = c->password_len < BCRYPT_MAX ? c->password_len : BCRYPT_MAX;
	struct job *job = calloc(1, sizeof(*job));
	bool known;

	if (!job)
		return NULL;
	known = find_hash(s, c, job->hash);
	job->possible = known && !memchr(c->password, '\0', len);
	memcpy(job->password, c->password, len);
	if (make_key(a, c, job->hash, known, job->key)) {
		finish_job(job, AUTH_BUSY);
		return NULL;
	}
	return job;
}

static unsigned rank_of(const struct auth *a, uint64_t peer)
{
	unsigned rank = a->running && a->running->peer == peer;

	for (const struct job *j = a->jobs; j; j = j->next)
		rank += j->peer == peer;
	return rank;
}

/* Under the lock. Returns the job for the waiter to join, or NULL. Takes *job if it is that one.
 * The caller must finish *dropped. */
static struct job *enqueue(struct auth *a, struct job **job, uint64_t peer, struct job **dropped)
{
	struct job *same = find_job(a, (*job)->key);

	if (a->stop)
		return NULL;
	if (same)
		return same;
	(*job)->peer = peer;
	(*job)->rank = rank_of(a, peer);
	if (a->njobs == AUTH_JOBS_MAX) {
		*dropped = take_worst(a, (*job)->rank);
		if (!*dropped)
			return NULL;
	}
	append_job(a, *job);
	pthread_cond_signal(&a->wake);
	return take_ptr(*job);
}

enum auth_result auth__submit(struct auth *a, const struct web_settings *s,
			      const struct credentials *c, uint64_t peer, auth_done done, void *ctx)
{
	struct job *job = new_job(a, s, c), *joined = NULL, *dropped = NULL;
	struct waiter *w = calloc(1, sizeof(*w));

	if (job && w) {
		*w = (struct waiter){ .done = done, .ctx = ctx };
		pthread_mutex_lock(&a->lock);
		joined = enqueue(a, &job, peer, &dropped);
		if (joined) {
			w->next = joined->waiters;
			joined->waiters = w;
		}
		pthread_mutex_unlock(&a->lock);
	}
	finish_job(dropped, AUTH_BUSY);
	finish_job(job, AUTH_BUSY);
	if (!joined)
		free(w);
	return joined ? AUTH_UNKNOWN : AUTH_BUSY;
}

void auth__stop(struct auth *a)
{
	struct job *job;

	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->wake);
	pthread_mutex_unlock(&a->lock);
	if (a->started)
		pthread_join(a->thread, NULL);
	a->started = false;
	while ((job = take_next(a)))
		finish_job(job, AUTH_BUSY);
}

size_t auth__cached(struct auth *a)
{
	size_t n;

	pthread_mutex_lock(&a->lock);
	n = a->ncached;
	pthread_mutex_unlock(&a->lock);
	return n;
}

uint64_t auth__hashed(struct auth *a)
{
	uint64_t n;

	pthread_mutex_lock(&a->lock);
	n = a->hashed;
	pthread_mutex_unlock(&a->lock);
	return n;
}

void auth__free(struct auth *a)
{
	if (!a)
		return;
	auth__stop(a);
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	explicit_bzero(a, sizeof(*a));
	free(a);
}
