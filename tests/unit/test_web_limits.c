/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of a server: request rate, logins at once, connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "web_server.h"

#include <errno.h>
#include <poll.h>

/* ---- request rate --------------------------------------------------------------------------- */

/* Before authentication, and without the configured headers. */
static void test_rate_limit(void **state)
{
	__cleanup_free char *users = config_of("bob", "secret", 4);
	__cleanup_free char *limited =
		xasprintf("%srate_limit: {interval: 1h, burst: 3}\n"
			  "http_server_config: {headers: {X-Frame-Options: deny}}\n",
			  users);

	start(limited);
	expect_login("bob:secret", 200);
	expect("", 401);
	expect_login("bob:wrong", 401); /* one request, although it was checked twice */
	expect("", 429);
	expect_login("bob:wrong", 429);
	/* Logged-in clients have a limit of their own, which strangers cannot use up. */
	for (int i = 0; i < 3; i++)
		expect_login("bob:secret", 200);
	for (int i = 0; i < 3; i++) {
		__cleanup_answer struct answer a = client__request(
			port, "GET", "/", "Authorization: Basic Ym9iOnNlY3JldA==\r\n");

		assert_int_equal(a.code, 429);
		assert_string_equal(a.body, "Too Many Requests\n");
		assert_null(answer__header(&a, "X-Frame-Options"));
	}
	/* Other changes of the file do not affect the limit. */
	{
		__cleanup_free char *more = xasprintf("%s# more\n", limited);

		web_write("web.yml", more);
	}
	expect("", 429);
	/* A changed limit starts with full buckets, whichever part changed. */
	web_write("web.yml", "rate_limit: {interval: 2h, burst: 3}\n");
	expect("", 200);
	web_write("web.yml", "rate_limit: {interval: 2h, burst: 1}\n");
	expect("", 200);
	expect("", 429);
	web_write("web.yml", users);
	for (int i = 0; i < 10; i++)
		expect("", 401);
	web_write("web.yml", limited);
	for (int i = 0; i < 3; i++)
		expect("", 401);
	expect("", 429);
}

/* Sends a request from 127.0.0.N. */
static int ask_from(int n, const char *headers)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	__cleanup_free char *request =
		xasprintf("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s\r\n", headers);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + n);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(port);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	client__send(fd, request, strlen(request));
	{
		__cleanup_answer struct answer a = client__receive(fd);

		return a.code;
	}
}

/* A peer that has used up its limit does not affect others. */
static void test_rate_limit_peers(void **state)
{
	__cleanup_free char *users = config_of("bob", "secret", 4);
	__cleanup_free char *limited = xasprintf("%srate_limit: {interval: 1h, burst: 2}\n", users);
	__cleanup_free char *bob = web_login("bob:secret", 10);
	int n = 2;

	start(limited);
	for (int i = 0; i < 20; i++)
		ask_from(1, "");
	assert_int_equal(ask_from(1, ""), 429);
	assert_int_equal(ask_from(1, bob), 429);
	/* Peers can share a bucket, one in a thousand. */
	while (n < 5 && ask_from(n, bob) != 200)
		n++;
	assert_true(n < 5);
	/* Now bob's credentials are known, from any address. */
	assert_int_equal(ask_from(1, bob), 200);
	assert_int_equal(ask_from(1, bob), 200);
	assert_int_equal(ask_from(n, bob), 429);
}

static void test_no_burst(void **state)
{
	start("rate_limit: {interval: 1ns}\n");
	expect("", 429); /* as in exporter-toolkit */
	web_write("web.yml", "rate_limit: {burst: 1}\n");
	expect("", 200);
	expect("", 200);
	/* Tokens are refilled, so a fast limit is never reached. */
	web_write("web.yml", "rate_limit: {interval: 1ns, burst: 1}\n");
	for (int i = 0; i < 20; i++)
		expect("", 200);
}

/* ---- many logins ---------------------------------------------------------------------------- */

static int send_login(const char *login)
{
	__cleanup_free char *header = web_login(login, strlen(login));
	__cleanup_buf struct buf b = { 0 };
	int fd = client__connect(port);

	buf__printf(&b, "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s\r\n", header);
	client__send(fd, b.data, b.len);
	return fd;
}

/* 150 valid and 150 invalid logins at once. */
static void test_parallel_logins(void **state)
{
	__cleanup_free char *config = config_of("bob", "secret", 4);
	int fds[300];

	start(config);
	for (int i = 0; i < 300; i++)
		fds[i] = send_login(i % 2 ? "bob:secret" : "bob:wrong");
	for (int i = 0; i < 300; i++) {
		__cleanup_answer struct answer a = client__receive(fds[i]);

		if (a.code != (i % 2 ? 200 : 401))
			fail_msg("login %d: %d %s", i, a.code, a.body);
	}
}

/* During password checks, known users are answered at once. */
static void test_no_waiting(void **state)
{
	__cleanup_free char *slow = config_of("slow", "secret", 11);
	__cleanup_free char *config = xasprintf("%s  bob: %s\n", slow, web_hash("secret", 4));
	int fds[40];
	char guess[32], c;

	start(config);
	expect_login("bob:secret", 200);
	for (int i = 0; i < 40; i++) {
		snprintf(guess, sizeof(guess), "slow:guess %d", i);
		fds[i] = send_login(guess);
	}
	for (int i = 0; i < 3; i++)
		expect_login("bob:secret", 200);
	/*
	 * Checks are still running: the last one has no answer. The server stops while they wait.
	 */
	assert_int_equal(recv(fds[39], &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	http__free(server);
	server = NULL;
	for (int i = 0; i < 40; i++) {
		__cleanup_answer struct answer a = client__receive(fds[i]);

		/* Checked, or refused for lack of time, but never accepted. */
		if (a.code != 401 && a.code != 503)
			fail_msg("login %d: %d", i, a.code);
	}
}

/* Clients that close before the answer. */
static void test_gone(void **state)
{
	__cleanup_free char *config = config_of("bob", "secret", 8);
	char guess[32];

	start(config);
	for (int i = 0; i < 60; i++) {
		snprintf(guess, sizeof(guess), "bob:guess %d", i % 30);
		close(send_login(guess));
	}
	expect_login("bob:secret", 200);
}

/* ---- many connections ----------------------------------------------------------------------- */

/* Silent and slow connections do not lock others out. */
static void test_idle_connections(void **state)
{
	static const char *const beginnings[] = { "", "G", "GET / HTTP/1.1\r\nHost: t\r\nX: " };
	struct pollfd fds[500];
	int ended = 0;

	start("");
	for (int i = 0; i < 500; i++) {
		const char *begin = beginnings[i % ARRAY_SIZE(beginnings)];

		fds[i] = (struct pollfd){ .fd = client__connect(port), .events = POLLIN };
		client__send(fds[i].fd, begin, strlen(begin));
		if (i % 50 == 0)
			expect("", 200);
	}
	/* New connections replace most of them, without an answer. Some keep waiting. */
	for (int rounds = 0; rounds < 100 && ended < 200; rounds++) {
		usleep(100000);
		expect("", 200);
		poll(fds, 500, 0);
		ended = 0;
		for (int i = 0; i < 500; i++)
			ended += (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
	}
	for (int i = 0; i < 500; i++)
		close(fds[i].fd);
	assert_in_range(ended, 200, 499);
	expect("", 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rate_limit),	     TEST(test_rate_limit_peers),
		TEST(test_no_burst),	     TEST(test_gone),
		TEST(test_parallel_logins),  TEST(test_no_waiting),
		TEST(test_idle_connections),
	};

	log__setup(LOG_INFO, LOG_LOGFMT);
	return cmocka_run_group_tests_name("web_limits", tests, web_dir__make, web_dir__drop);
}
