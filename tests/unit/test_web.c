/* SPDX-License-Identifier: GPL-2.0-only */
/* A server with a web configuration file, without TLS: what is answered, and what when it changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "web_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

static struct http *server;
static int port;

/* ---- the log --------------------------------------------------------------------------------- */

/* Standard error goes to a file while the server runs. */
static int saved_stderr = -1, log_fd = -1;

static size_t count_lines(const char *with)
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

static void start(const char *config)
{
	web_write("web.yml", config);
	server = web_serve();
	port = http__port(server, 0);
}

static int setup(void **state)
{
	__cleanup_free char *path = web_path("log");

	server = NULL;
	saved_stderr = dup(STDERR_FILENO);
	log_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	dup2(log_fd, STDERR_FILENO);
	return 0;
}

static int teardown(void **state)
{
	http__free(server);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(log_fd);
	return 0;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void expect(const char *headers, int code)
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

static void expect_login(const char *login, int code)
{
	__cleanup_free char *header = web_login(login, strlen(login));

	expect(header, code);
}

static char *config_of(const char *user, const char *password, int cost)
{
	return xasprintf("basic_auth_users:\n  %s: %s\n", user, web_hash(password, cost));
}

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
	/* The first counts, whatever comes behind it. */
	expect("Authorization: Basic eDp5\r\nAuthorization: Basic Ym9iOnNlY3JldA==\r\n", 401);
}

/* Every path and method, those that do not exist included: nobody learns what there is. */
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
		/* Once, though there is one without any configuration. */
		first = strstr(a.headers, "X-Content-Type-Options");
		assert_non_null(first);
		assert_null(strstr(first + 1, "X-Content-Type-Options"));
	}
}

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
	expect_login("bob:wrong", 401); /* one request, though it was asked about twice */
	expect("", 429);
	expect_login("bob:wrong", 429);
	/* Clients that have logged in have a limit that strangers cannot use up. */
	for (int i = 0; i < 3; i++)
		expect_login("bob:secret", 200);
	for (int i = 0; i < 3; i++) {
		__cleanup_answer struct answer a = client__request(
			port, "GET", "/", "Authorization: Basic Ym9iOnNlY3JldA==\r\n");

		assert_int_equal(a.code, 429);
		assert_string_equal(a.body, "Too Many Requests\n");
		assert_null(answer__header(&a, "X-Frame-Options"));
	}
	/* What else changes in the file leaves the limit as it is. */
	{
		__cleanup_free char *more = xasprintf("%s# more\n", limited);

		web_write("web.yml", more);
	}
	expect("", 429);
	/* A changed limit starts full, whichever part of it changed. */
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

/* From 127.0.0.N. */
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

/* A peer that has used up its limit is in nobody's way. */
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
	/* One in a thousand shares its bucket. */
	while (n < 5 && ask_from(n, bob) != 200)
		n++;
	assert_true(n < 5);
	/* Now it is known that this is bob, wherever he is. */
	assert_int_equal(ask_from(1, bob), 200);
	assert_int_equal(ask_from(1, bob), 200);
	assert_int_equal(ask_from(n, bob), 429);
}

static void test_no_burst(void **state)
{
	start("rate_limit: {interval: 1ns}\n");
	expect("", 429); /* as the toolkit has it */
	web_write("web.yml", "rate_limit: {burst: 1}\n");
	expect("", 200);
	expect("", 200);
	/* Tokens do come back, and fast ones never run out. */
	web_write("web.yml", "rate_limit: {interval: 1ns, burst: 1}\n");
	for (int i = 0; i < 20; i++)
		expect("", 200);
}

/* ---- a file that changes --------------------------------------------------------------------- */

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
		/* Not once for each request. */
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

/* Connections that are open already are no exception. */
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

/* ---- many logins ----------------------------------------------------------------------------- */

static int send_login(const char *login)
{
	__cleanup_free char *header = web_login(login, strlen(login));
	__cleanup_buf struct buf b = { 0 };
	int fd = client__connect(port);

	buf__printf(&b, "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s\r\n", header);
	client__send(fd, b.data, b.len);
	return fd;
}

/* 150 that are right, 150 that are wrong, at once. */
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

/* While passwords are being checked, who is known is answered at once. */
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
	/* They are not through: the last has no answer. The server is stopped with them waiting. */
	assert_int_equal(recv(fds[39], &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	http__free(server);
	server = NULL;
	for (int i = 0; i < 40; i++) {
		__cleanup_answer struct answer a = client__receive(fds[i]);

		/* Checked, or told that this is not the time; never let in. */
		if (a.code != 401 && a.code != 503)
			fail_msg("login %d: %d", i, a.code);
	}
}

/* Clients that leave before the answer. */
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

/* ---- many connections ------------------------------------------------------------------------ */

/* Silent and slow connections do not keep others out. */
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
	/* As others come, most of them are ended without an answer. Some go on waiting. */
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

/* ---- at the start ---------------------------------------------------------------------------- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_login),
		TEST(test_login_everywhere),
		TEST(test_headers),
		TEST(test_rate_limit),
		TEST(test_rate_limit_peers),
		TEST(test_no_burst),
		TEST(test_swapped),
		TEST(test_broken),
		TEST(test_tls_turned_on),
		TEST(test_keep_alive),
		TEST(test_gone),
		TEST(test_parallel_logins),
		TEST(test_no_waiting),
		TEST(test_idle_connections),
		TEST(test_start_errors),
	};

	log__setup(LOG_INFO, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, web_dir__make, web_dir__drop);
}
