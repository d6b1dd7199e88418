/* SPDX-License-Identifier: GPL-2.0-only */
/* A server with a web configuration file for each test, requests to it, and its log. */
#pragma once

#include <fcntl.h>

#include "web_fixture.h"

static struct http *server;
static int port;

/* Standard error is a file while the server runs. */
static int saved_stderr = -1, log_fd = -1;

static inline size_t count_lines(const char *with)
{
	__cleanup_buf struct buf b = { 0 };
	size_t n = 0;
	ssize_t got;

	do {
		char *p = buf__reserve(&b, 65536);

		got = pread(log_fd, p, 65536, (off_t)b.len);
		b.len += got > 0 ? got : 0;
	} while (got > 0);
	for (const char *s = buf__str(&b); (s = strstr(s, with)); s++)
		n++;
	return n;
}

static inline void start(const char *config)
{
	web_write("web.yml", config);
	server = web_serve();
	port = http__port(server, 0);
}

static inline int setup(void **state)
{
	__cleanup_free char *path = web_path("log");

	server = NULL;
	saved_stderr = dup(STDERR_FILENO);
	log_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	dup2(log_fd, STDERR_FILENO);
	return 0;
}

static inline int teardown(void **state)
{
	http__free(server);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(log_fd);
	return 0;
}

static inline void expect(const char *headers, int code)
{
	__cleanup_answer struct answer a = client__request(port, "GET", "/", headers);

	if (a.code != code)
		fail_msg("%sgot %d, not %d: %s", headers, a.code, code, a.body ? a.body : "");
	assert_string_equal(answer__header(&a, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(answer__header(&a, "X-Content-Type-Options"), "nosniff");
	if (code == 401) {
		assert_string_equal(answer__header(&a, "WWW-Authenticate"), "Basic");
		assert_string_equal(a.body, "Unauthorized\n");
	} else {
		assert_null(answer__header(&a, "WWW-Authenticate"));
	}
	if (code == 200)
		assert_string_equal(a.body, "hello\n");
	if (code == 500)
		assert_string_equal(a.body, "Internal Server Error\n");
	if (code == 429)
		assert_string_equal(a.body, "Too Many Requests\n");
}

static inline void expect_login(const char *login, int code)
{
	__cleanup_free char *header = web_login(login, strlen(login));

	expect(header, code);
}

static inline char *config_of(const char *user, const char *password, int cost)
{
	return xasprintf("basic_auth_users:\n  %s: %s\n", user, web_hash(password, cost));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
