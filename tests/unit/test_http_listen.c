/* SPDX-License-Identifier: GPL-2.0-only */
/* Listening sockets, by address and from systemd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include <sys/wait.h>

static const struct http_route routes[] = { { "/", hello, HTTP_READ, HTTP_SMALL }, { 0 } };

/* ---- addresses ------------------------------------------------------------------------------ */

static void test_bind_errors(void **state)
{
	static const struct {
		char *address;
		enum fault fault;
		const char *says;
	} cases[] = {
		{ "10435", FAULT_CONFIG, "no port" },
		{ "localhost:", FAULT_CONFIG, "no port" },
		{ "::1:10435", FAULT_CONFIG, "[v6]:port" },
		{ "[::1]", FAULT_CONFIG, "[v6]:port" },
		{ "[::1:10435", FAULT_CONFIG, "[v6]:port" },
		{ "127.0.0.1:http-but-not", FAULT_CONFIG, "127.0.0.1:http-but-not" },
		{ "192.0.2.1:0", FAULT_MACHINE, "192.0.2.1:0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *address = cases[i].address, *error = NULL;
		struct web_config c = { .listen = &address, .nlisten = 1 };
		struct http *h = NULL;

		assert_int_equal(http__bind(&c, &h, &error), cases[i].fault);
		assert_null(h);
		if (!strstr(error, cases[i].says))
			fail_msg("%s", error);
		free(error);
	}
}

static void test_in_use(void **state)
{
	char taken[32], *addresses[] = { "127.0.0.1:0", taken }, *error = NULL;
	struct web_config c = { .listen = addresses, .nlisten = 2 };
	struct http *h = NULL;

	snprintf(taken, sizeof(taken), "127.0.0.1:%d", port);
	assert_int_equal(http__bind(&c, &h, &error), FAULT_MACHINE);
	assert_non_null(strstr(error, taken));
	assert_non_null(strstr(error, "--web.listen-address"));
	free(error);
}

static void test_several_addresses(void **state)
{
	char *addresses[] = { "127.0.0.1:0", ":0", "localhost:0", "0.0.0.0:0", "[::]:0" };
	struct web_config c = { .listen = addresses, .nlisten = ARRAY_SIZE(addresses) };
	struct http *h = NULL;
	char *error = NULL;

	if (http__bind(&c, &h, &error)) {
		assert_non_null(strstr(error, "[::]:0"));
		free(error); /* no IPv6 on this machine: skip this address */
		error = NULL;
		c.nlisten--;
		assert_int_equal(http__bind(&c, &h, &error), 0);
	}
	assert_int_equal(http__start(h, routes, NULL, &error), 0);
	for (size_t i = 0; i < c.nlisten; i++) {
		__cleanup_answer struct answer a =
			client__request(http__port(h, i), "GET", "/", "");

		assert_int_equal(a.code, 200);
	}
	http__free(h);
}

/* ---- sockets from systemd, in a child whose descriptors are laid out as systemd does -----------
 */

static int systemd_child(int listener, bool own_pid)
{
	struct web_config c = { .systemd_socket = true };
	char *error = NULL, pid[16];
	struct http *h = NULL;

	if (dup2(listener, 3) != 3)
		return 10;
	snprintf(pid, sizeof(pid), "%d", own_pid ? getpid() : getpid() + 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (http__bind(&c, &h, &error)) {
		int ret = strstr(error, "--web.systemd-socket") ? 1 : 11;

		free(error);
		return ret;
	}
	if (getenv("LISTEN_FDS") || getenv("LISTEN_PID"))
		return 12;
	if (http__start(h, routes, NULL, &error))
		return 13;

	struct answer a = client__request(http__port(h, 0), "GET", "/", "");
	int ret = a.code == 200 ? 0 : 14;

	answer__free(&a);
	http__free(h);
	return ret;
}

static int run_systemd_child(int type, bool listens, bool own_pid)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, type, 0), status;
	pid_t pid;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	if (listens)
		assert_int_equal(listen(fd, 5), 0);
	pid = fork();
	if (!pid)
		_exit(systemd_child(fd, own_pid));
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int systemd_results[4];

static void test_systemd(void **state)
{
	assert_int_equal(systemd_results[0], 0);
	assert_int_equal(systemd_results[1], 1); /* meant for another process */
	assert_int_equal(systemd_results[2], 1); /* not listening */
	assert_int_equal(systemd_results[3], 1); /* no stream socket */
}

static void test_free_without_start(void **state)
{
	char *address = "127.0.0.1:0", *error = NULL;
	struct web_config c = { .listen = &address, .nlisten = 1 };
	struct http *h = NULL;

	assert_int_equal(http__bind(&c, &h, &error), 0);
	http__free(h);
	http__free(NULL);
}

static int start_server(void **state)
{
	/* Forks, so it must run before there are threads. */
	systemd_results[0] = run_systemd_child(SOCK_STREAM, true, true);
	systemd_results[1] = run_systemd_child(SOCK_STREAM, true, false);
	systemd_results[2] = run_systemd_child(SOCK_STREAM, false, true);
	systemd_results[3] = run_systemd_child(SOCK_DGRAM, false, true);

	server = serve_routes("127.0.0.1:0", 2, routes, NULL);
	port = http__port(server, 0);
	return port > 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_bind_errors),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_several_addresses),
		cmocka_unit_test(test_free_without_start),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests_name("http_listen", tests, start_server, stop_server);
}
