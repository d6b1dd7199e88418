/* SPDX-License-Identifier: GPL-2.0-only */
/* Which credentials are accepted, the cache of results, and the queue of checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "access/auth.h"
#include "web_fixture.h"

#include <errno.h>
#include <pthread.h>

static struct auth *auth;

/* Results in the order of the callbacks. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int order[65536];
	enum auth_result results[65536];
	int n;
	bool hold; /* callbacks wait until it is false */
} told = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void on_done(void *ctx, enum auth_result result)
{
	pthread_mutex_lock(&told.lock);
	told.order[told.n] = (int)(intptr_t)ctx;
	told.results[told.n++] = result;
	pthread_cond_broadcast(&told.changed);
	/* The submitting thread, here the test, reports AUTH_BUSY for a request that drops out. */
	while (told.hold && result != AUTH_BUSY)
		pthread_cond_wait(&told.changed, &told.lock);
	pthread_mutex_unlock(&told.lock);
}

static void wait_told(int n)
{
	pthread_mutex_lock(&told.lock);
	while (told.n < n)
		pthread_cond_wait(&told.changed, &told.lock);
	pthread_mutex_unlock(&told.lock);
}

static void set_hold(bool hold)
{
	pthread_mutex_lock(&told.lock);
	told.hold = hold;
	pthread_cond_broadcast(&told.changed);
	pthread_mutex_unlock(&told.lock);
}

static struct web_settings *users(const char *text)
{
	struct web_settings *s = NULL;
	char *error = NULL;

	if (web_settings__parse("web.yml", text, strlen(text), &s, &error))
		fail_msg("%s", error);
	return s;
}

static struct web_settings *one_user(const char *name, const char *password)
{
	__cleanup_free char *text =
		xasprintf("basic_auth_users: {\"%s\": %s}\n", name, web_hash(password, 4));

	return users(text);
}

static struct credentials creds(const char *user, const char *password, size_t len)
{
	return (struct credentials){
		.user = user,
		.user_len = strlen(user),
		.password = password,
		.password_len = len,
	};
}

static enum auth_result submit(const struct web_settings *s, const char *user, const char *password,
			       uint64_t peer, int id)
{
	struct credentials c = creds(user, password, strlen(password));

	return auth__submit(auth, s, &c, peer, on_done, (void *)(intptr_t)id);
}

/* Waits for the answer. */
static enum auth_result ask_bytes(const struct web_settings *s, const char *user,
				  const char *password, size_t len)
{
	struct credentials c = creds(user, password, len);
	enum auth_result result = auth__lookup(auth, s, &c);
	int before = told.n;

	if (result != AUTH_UNKNOWN)
		return result;
	assert_int_equal(auth__submit(auth, s, &c, 1, on_done, NULL), AUTH_UNKNOWN);
	wait_told(before + 1);
	/* From now on, it is in the cache. */
	assert_int_equal(auth__lookup(auth, s, &c), told.results[before]);
	return told.results[before];
}

static enum auth_result ask(const struct web_settings *s, const char *user, const char *password)
{
	return ask_bytes(s, user, password, strlen(password));
}

static void test_results(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	uint64_t hashed;

	assert_int_equal(ask(s, "bob", "secret"), AUTH_YES);
	assert_int_equal(ask(s, "bob", "secre"), AUTH_NO);
	assert_int_equal(ask(s, "bob", "secret "), AUTH_NO);
	assert_int_equal(ask(s, "bob", ""), AUTH_NO);
	assert_int_equal(ask(s, "Bob", "secret"), AUTH_NO);
	assert_int_equal(ask(s, "bobby", "secret"), AUTH_NO);
	assert_int_equal(ask(s, "", ""), AUTH_NO);
	hashed = auth__hashed(auth);
	assert_int_equal(hashed, 7);
	assert_int_equal(ask(s, "bob", "secret"), AUTH_YES);
	assert_int_equal(ask(s, "Bob", "secret"), AUTH_NO);
	assert_int_equal(auth__hashed(auth), hashed);
	web_settings__put(s);
}

/* Hashes from other tools: each prefix, UTF-8. */
static void test_kinds_of_hashes(void **state)
{
	for (const char *c = "aby"; *c; c++) {
		struct crypt_data data = { 0 };
		char setting[] = "$2y$04$abcdefghijklmnopqrstuu";
		__cleanup_free char *text = NULL;
		struct web_settings *s;

		setting[2] = *c;
		text = xasprintf("basic_auth_users: {u: %s}\n",
				 crypt_r("p\u00e4ss", setting, &data));
		s = users(text);
		assert_int_equal(ask(s, "u", "p\u00e4ss"), AUTH_YES);
		assert_int_equal(ask(s, "u", "pass"), AUTH_NO);
		web_settings__put(s);
	}
}

/*
 * Unknown users are compared with a fixed hash. Its password must not let them in, whether it is in
 * the cache or not. Neither must it if a real user has that hash.
 */
static void test_fakepassword(void **state)
{
	struct web_settings *s = one_user("bob", "secret"), *fake, *none;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(s, "nobody", "fakepassword"), AUTH_NO);
		assert_int_equal(ask(s, "bob", "fakepassword"), AUTH_NO);
	}
	/* With the cost of the fixed hash. */
	fake = users("basic_auth_users: {fake: "
		     "$2y$10$uXv0Zs1jB3nqYc7Kp4wR9OKwXuV7FD.UmRQL.P08RpN99xeRmIU9K}\n");
	none = users("basic_auth_users: {other: "
		     "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234}\n");
	assert_int_equal(ask(none, "fake", "fakepassword"), AUTH_NO);
	assert_int_equal(ask(fake, "fake", "fakepassword"), AUTH_YES);
	assert_int_equal(ask(fake, "nobody", "fakepassword"), AUTH_NO);
	assert_int_equal(ask(none, "fake", "fakepassword"), AUTH_NO);
	web_settings__put(s);
	web_settings__put(fake);
	web_settings__put(none);
}

/* bcrypt takes a C string, but bytes after a NUL must count. */
static void test_nul(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	struct credentials c = creds("bob", "secret", 6);

	assert_int_equal(ask_bytes(s, "bob", "secret\0junk", 11), AUTH_NO);
	assert_int_equal(ask_bytes(s, "bob", "secret\0", 7), AUTH_NO);
	assert_int_equal(ask_bytes(s, "bob", "\0", 1), AUTH_NO);
	/* In a user name, too. */
	c.user = "bob\0x";
	c.user_len = 5;
	assert_int_equal(auth__submit(auth, s, &c, 1, on_done, NULL), AUTH_UNKNOWN);
	wait_told(4);
	assert_int_equal(told.results[3], AUTH_NO);
	assert_int_equal(ask(s, "bob", "secret"), AUTH_YES);
	web_settings__put(s);
}

/* bcrypt uses the first 72 bytes, here as in Go. */
static void test_long_passwords(void **state)
{
	char password[2001];
	struct web_settings *s;

	memset(password, 'x', 2000);
	password[72] = '\0';
	s = one_user("bob", password);
	assert_int_equal(ask_bytes(s, "bob", password, 72), AUTH_YES);
	assert_int_equal(ask_bytes(s, "bob", password, 71), AUTH_NO);
	password[72] = 'x';
	assert_int_equal(ask_bytes(s, "bob", password, 2000), AUTH_YES);
	password[71] = 'y';
	assert_int_equal(ask_bytes(s, "bob", password, 2000), AUTH_NO);
	web_settings__put(s);
}

/* CVE-2022-46146: cached credentials, concatenated in another way. */
static void test_cache_key(void **state)
{
	__cleanup_free char *hash = xstrdup(web_hash("secret", 4));
	__cleanup_free char *text = xasprintf("basic_auth_users: {bob: %s}\n", hash);
	struct web_settings *s = users(text);
	__cleanup_free char *all = xasprintf("bob%ssecret", hash);
	size_t len = strlen(all);

	assert_int_equal(ask(s, "bob", "secret"), AUTH_YES);
	for (size_t cut = 0; cut <= len; cut++) {
		__cleanup_free char *user = xstrndup(all, cut);

		if (strcmp(user, "bob"))
			assert_int_equal(ask(s, user, all + cut), AUTH_NO);
	}
	web_settings__put(s);
}

/* The same with two users. The name of one is the concatenation of the other's fields. */
static void test_cache_key_users(void **state)
{
	__cleanup_free char *a = xstrdup(web_hash("right", 4)), *b = xstrdup(web_hash("x", 5));
	__cleanup_free char *text = xasprintf("basic_auth_users:\n  a: %s\n  a%s: %s\n", a, a, b);
	__cleanup_free char *name = xasprintf("a%s", a), *password = xasprintf("%sx", b);
	struct web_settings *s = users(text);

	assert_int_equal(ask(s, name, "x"), AUTH_YES);
	assert_int_equal(ask(s, "a", password), AUTH_NO);
	assert_int_equal(ask(s, "a", "right"), AUTH_YES);
	web_settings__put(s);
}

/* A new hash or a removed user makes cached results useless. */
static void test_new_settings(void **state)
{
	struct web_settings *before = one_user("bob", "one"), *after = one_user("bob", "two"),
			    *gone = one_user("eve", "one");

	assert_int_equal(ask(before, "bob", "one"), AUTH_YES);
	assert_int_equal(ask(after, "bob", "one"), AUTH_NO);
	assert_int_equal(ask(after, "bob", "two"), AUTH_YES);
	assert_int_equal(ask(gone, "bob", "one"), AUTH_NO);
	assert_int_equal(ask(before, "bob", "one"), AUTH_YES);
	web_settings__put(before);
	web_settings__put(after);
	web_settings__put(gone);
}

/* Guesses neither fill memory nor evict accepted users. */
static void test_bound(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	struct credentials c = creds("bob", "secret", 6);
	char guess[32];

	assert_int_equal(ask(s, "bob", "secret"), AUTH_YES);
	for (int i = 1; i < 3 * AUTH_CACHE_MAX; i++) {
		size_t cached = auth__cached(auth);

		snprintf(guess, sizeof(guess), "guess %d", i);
		assert_int_equal(ask(s, "bob", guess), AUTH_NO);
		if (cached < AUTH_CACHE_MAX)
			assert_int_equal(auth__cached(auth), cached + 1);
		else
			assert_int_equal(auth__cached(auth),
					 AUTH_CACHE_MAX - AUTH_CACHE_MAX / 10 + 1);
	}
	assert_int_equal(auth__lookup(auth, s, &c), AUTH_YES);
	web_settings__put(s);
}

/* With more users than results, accepted users are evicted, too. */
static void test_bound_of_users(void **state)
{
	__cleanup_free char *text = xcalloc(200, 80);
	struct web_settings *s;
	size_t len = sprintf(text, "basic_auth_users:\n");
	char name[16];

	for (int i = 0; i < 150; i++)
		len += sprintf(text + len, " u%d: %s\n", i, web_hash("secret", 4));
	s = users(text);
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		assert_int_equal(ask(s, name, "secret"), AUTH_YES);
		assert_true(auth__cached(auth) <= AUTH_CACHE_MAX);
	}
	web_settings__put(s);
}

/* ---- many at once --------------------------------------------------------------------------- */

/* Holds the thread in the callback of a first login, so that others queue behind it. */
static void hold_thread(const struct web_settings *s)
{
	set_hold(true);
	assert_int_equal(submit(s, "bob", "first", 99, 0), AUTH_UNKNOWN);
	wait_told(1);
}

static void test_same_at_once(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	uint64_t hashed;

	hold_thread(s);
	hashed = auth__hashed(auth);
	for (int i = 0; i < 300; i++)
		assert_int_equal(submit(s, "bob", "secret", 1, 1 + i), AUTH_UNKNOWN);
	set_hold(false);
	wait_told(301);
	for (int i = 1; i <= 300; i++)
		assert_int_equal(told.results[i], AUTH_YES);
	assert_int_equal(auth__hashed(auth), hashed + 1);
	web_settings__put(s);
}

/* A peer that guesses in bulk delays another peer by one guess. */
static void test_turns(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	char guess[32];

	hold_thread(s);
	for (int i = 0; i < 20; i++) {
		snprintf(guess, sizeof(guess), "guess %d", i);
		assert_int_equal(submit(s, "bob", guess, 1, 100 + i), AUTH_UNKNOWN);
	}
	assert_int_equal(submit(s, "bob", "secret", 2, 200), AUTH_UNKNOWN);
	assert_int_equal(submit(s, "bob", "secre", 2, 201), AUTH_UNKNOWN);
	set_hold(false);
	wait_told(23);
	assert_int_equal(told.order[1], 100);
	assert_int_equal(told.order[2], 200);
	assert_int_equal(told.results[2], AUTH_YES);
	assert_int_equal(told.order[3], 101);
	assert_int_equal(told.order[4], 201);
	assert_int_equal(told.order[5], 102);
	assert_int_equal(told.order[22], 119);
	web_settings__put(s);
}

/* A full queue makes room for another peer, at the expense of the peer that filled it. */
static void test_full(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	char guess[32];

	hold_thread(s);
	for (int i = 0; i < AUTH_JOBS_MAX; i++) {
		snprintf(guess, sizeof(guess), "guess %d", i);
		assert_int_equal(submit(s, "bob", guess, 1, 1000 + i), AUTH_UNKNOWN);
	}
	assert_int_equal(submit(s, "bob", "one more", 1, 1), AUTH_BUSY);
	/* Credentials that are already queued take no further place. */
	assert_int_equal(submit(s, "bob", "guess 5", 1, 5), AUTH_UNKNOWN);
	assert_int_equal(submit(s, "bob", "secret", 2, 2), AUTH_UNKNOWN);
	assert_int_equal(told.results[1], AUTH_BUSY);
	assert_int_equal(told.order[1], 1000 + AUTH_JOBS_MAX - 1);
	set_hold(false);
	wait_told(1 + AUTH_JOBS_MAX + 2);
	web_settings__put(s);
}

static void *stop_auth(void *arg)
{
	auth__stop(auth);
	return NULL;
}

/* Waiting requests are answered. */
static void test_stop(void **state)
{
	struct web_settings *s = one_user("bob", "secret");
	enum auth_result late;
	pthread_t stopper;

	hold_thread(s);
	for (int i = 0; i < 5; i++)
		assert_int_equal(submit(s, i % 2 ? "bob" : "eve", i ? "a" : "b", 1, i),
				 AUTH_UNKNOWN);
	assert_int_equal(pthread_create(&stopper, NULL, stop_auth, NULL), 0);
	/* Until it has begun to stop. Equal requests do not lengthen the queue. */
	do {
		late = submit(s, "bob", "a", 1, 9);
		usleep(1000);
	} while (late == AUTH_UNKNOWN);
	set_hold(false);
	pthread_join(stopper, NULL);
	assert_true(told.n >= 6);
	for (int i = 1; i < told.n; i++)
		assert_int_equal(told.results[i], AUTH_BUSY);
	web_settings__put(s);
}

static int setup(void **state)
{
	auth = auth__new();
	told.n = 0;
	told.hold = false;
	return auth ? 0 : -1;
}

static int teardown(void **state)
{
	auth__free(auth);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_results),
		TEST(test_kinds_of_hashes),
		TEST(test_fakepassword),
		TEST(test_nul),
		TEST(test_long_passwords),
		TEST(test_cache_key),
		TEST(test_cache_key_users),
		TEST(test_new_settings),
		TEST(test_bound),
		TEST(test_bound_of_users),
		TEST(test_same_at_once),
		TEST(test_turns),
		TEST(test_full),
		TEST(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
