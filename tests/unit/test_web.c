/* SPDX-License-Identifier: GPL-2.0-only */
/* A server with a web configuration file, without TLS: answers, and changes of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "web_server.h"

#include <errno.h>

static void test_open(void **state)
{
	start("");
	expect("", 200);
	expect_login("any:body", 200);
}

static void test_login(void **state)
{
	__cleanup_free char *config = config_of("bob", "secret", 4);
	__cleanup_free char *nul = web_login("bob:secret\0junk", 15);

	start(config);
	expect("", 401);
	expect_login("bob:secret", 200);
	expect_login("bob:secret", 200); /* remembered */
	expect_login("bob:wrong", 401);
	expect_login("bob:wrong", 401);
	expect_login("eve:secret", 401);
	expect_login("bob:", 401);
	expect_login(":", 401);
	expect_login("bob", 401);
	expect_login("nobody:fakepassword", 401);
	expect_login("nobody:fakepassword", 401);
	expect(nul, 401);
	expect(nul, 401);
	expect("authorization: bAsIc Ym9iOnNlY3JldA==\r\n", 200);
	expect("Authorization: Bearer Ym9iOnNlY3JldA==\r\n", 401);
	expect("Authorization: Basic\r\n", 401);
	expect("Authorization:\r\n", 401);
	expect("Authorization: Basic Ym9iOnNlY3JldA\r\n", 401);
	/* The first header counts, whatever follows it. */
	expect("Authorization: Basic eDp5\r\nAuthorization: Basic Ym9iOnNlY3JldA==\r\n", 401);
}

/* Every path and method, even if it does not exist: a stranger cannot tell which ones do. */
static void test_login_everywhere(void **state)
{
	static const char *const targets[] = { "/", "/nothing", "/-/healthy", "/metrics" };
	static const char *const methods[] = { "GET", "HEAD", "POST", "DELETE" };
	__cleanup_free char *config = config_of("bob", "secret", 4);

	start(config);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(methods); k++) {
			__cleanup_answer struct answer a = client__request(
				port, methods[k], targets[i], "Content-Length: 0\r\n");

			assert_int_equal(a.code, 401);
			assert_null(answer__header(&a, "Allow"));
		}
	}
}

static void test_headers(void **state)
{
	__cleanup_free char *users = config_of("bob", "secret", 4);
	__cleanup_free char *config =
		xasprintf("%shttp_server_config:\n  headers:\n"
			  "    X-Frame-Options: deny\n"
			  "    X-Content-Type-Options: nosniff\n"
			  "    Content-Security-Policy: \"default-src 'self'; img-src *\"\n",
			  users);
	static const int codes[] = { 401, 200 };

	start(config);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		__cleanup_answer struct answer a = client__request(
			port, "GET", "/",
			codes[i] == 200 ? "Authorization: Basic Ym9iOnNlY3JldA==\r\n" : "");
		char *first;

		assert_int_equal(a.code, codes[i]);
		assert_string_equal(answer__header(&a, "X-Frame-Options"), "deny");
		assert_string_equal(answer__header(&a, "Content-Security-Policy"),
				    "default-src 'self'; img-src *");
		/* Only once, although the server sets it without configuration. */
		first = strstr(a.headers, "X-Content-Type-Options");
		assert_non_null(first);
		assert_null(strstr(first + 1, "X-Content-Type-Options"));
	}
}

/* ---- a file that changes -------------------------------------------------------------------- */

static void test_swapped(void **state)
{
	__cleanup_free char *one = config_of("bob", "one", 4), *two = config_of("bob", "two", 4);

	start(one);
	for (int i = 0; i < 20; i++) {
		web_write("web.yml", i % 2 ? two : one);
		expect_login("bob:one", i % 2 ? 401 : 200);
		expect_login("bob:two", i % 2 ? 200 : 401);
	}
}

static void test_broken(void **state)
{
	__cleanup_free char *good = config_of("bob", "secret", 4);
	__cleanup_free char *path = web_path("web.yml");
	static const char *const broken[] = {
		"basic_auth_user: {}\n",
		"[",
		"basic_auth_users: {bob: secret}\n",
		"\xff\xfe",
	};

	start(good);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		expect_login("bob:secret", 200);
		web_write("web.yml", broken[i]);
		expect_login("bob:secret", 500);
		for (int k = 0; k < 20; k++)
			expect("", 500);
		/* Not once per request. */
		assert_int_equal(count_lines("level=error"), i + 1);
		web_write("web.yml", good);
	}
	assert_int_equal(count_lines("web.yml:1:1: unknown key"), 1);
	expect_login("bob:secret", 200);
	unlink(path);
	expect_login("bob:secret", 500);
	expect("", 500);
	assert_int_equal(count_lines("level=error"), ARRAY_SIZE(broken) + 1);
	assert_int_equal(count_lines("No such file"), 1);
	web_write("web.yml", good);
	expect_login("bob:secret", 200);
	expect("", 401);
	assert_int_equal(count_lines("valid again"), ARRAY_SIZE(broken) + 1);
}

/* A configuration with TLS serves no plain text. */
static void test_tls_turned_on(void **state)
{
	start("");
	expect("", 200);
	web_write("web.yml", "tls_server_config: {cert_file: c, key_file: k}\n");
	expect("", 500);
	assert_int_equal(count_lines("turns TLS on, which needs a restart"), 1);
	expect("", 500);
	assert_int_equal(count_lines("turns TLS on, which needs a restart"), 1);
	web_write("web.yml", "");
	expect("", 200);
}

/* This includes connections that are already open. */
static void test_keep_alive(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
	int fd;

	start("");
	fd = client__connect(port);
	for (int i = 0; i < 2; i++) {
		char reply[4096] = "";
		size_t len = 0;

		client__send(fd, request, strlen(request));
		while (!strstr(reply, i ? "\r\n\r\nUnauthorized\n" : "\r\n\r\nhello\n")) {
			ssize_t n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);

			if (n <= 0)
				fail_msg("answer %d: %s", i, reply);
			len += n;
		}
		if (!i) {
			__cleanup_free char *config = config_of("bob", "secret", 4);

			web_write("web.yml", config);
		}
	}
	close(fd);
}

/* ---- at the start --------------------------------------------------------------------------- */

static void test_start_errors(void **state)
{
	static const struct {
		const char *config;
		const char *says;
	} cases[] = {
		{ "nothing: here\n", "web.yml:1:1: unknown key" },
		{ "tls_server_config: {cert_file: none.pem, key_file: k.pem}\n",
		  "cert_file: cannot read" },
		{ "tls_server_config: {cert: x, key: y}\n", "do not make a pair" },
	};
	__cleanup_free char *path = web_path("web.yml");

	for (size_t i = 0; i <= ARRAY_SIZE(cases); i++) {
		char *address = "127.0.0.1:0";
		__cleanup_free char *error = NULL, *again = NULL;
		struct web_config c = { .listen = &address, .nlisten = 1, .config_file = path };
		struct http *h = NULL;

		if (i < ARRAY_SIZE(cases))
			web_write("web.yml", cases[i].config);
		else
			unlink(path);
		assert_int_equal(http__check(&c, &error), -EINVAL);
		assert_int_equal(http__bind(&c, &h, &again), FAULT_CONFIG);
		assert_null(h);
		assert_string_equal(error, again);
		assert_non_null(strstr(error, "--web.config.file: "));
		assert_non_null(
			strstr(error, i < ARRAY_SIZE(cases) ? cases[i].says : "No such file"));
		assert_null(strchr(error, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),	  TEST(test_login),	 TEST(test_login_everywhere),
		TEST(test_headers),	  TEST(test_swapped),	 TEST(test_broken),
		TEST(test_tls_turned_on), TEST(test_keep_alive), TEST(test_start_errors),
	};

	log__setup(LOG_INFO, LOG_LOGFMT);
	return cmocka_run_group_tests_name("web", tests, web_dir__make, web_dir__drop);
}
