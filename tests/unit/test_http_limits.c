/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits on what clients can make the server hold, and answers that waiting requests do not delay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "http/http.h"
#include "http_client.h"
#include "http/sockets.h"

#include <errno.h>
#include <pthread.h>
#include <sys/un.h>

#define HUGE_BYTES (48 << 20) /* two of them fit */
#define BLOCKED	   12	      /* more than the number of workers */
#define PATIENCE   60.0	      /* seconds to wait for what must happen */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int inside;
	bool release;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void hello(void *ctx, const struct http_request *req, struct http_response *res)
{
	buf__puts(&res->body, "hello\n");
}

static void blocks(void *ctx, const struct http_request *req, struct http_response *res)
{
	pthread_mutex_lock(&shared.lock);
	shared.inside++;
	pthread_cond_broadcast(&shared.changed);
	while (!shared.release)
		pthread_cond_wait(&shared.changed, &shared.lock);
	pthread_mutex_unlock(&shared.lock);
	buf__puts(&res->body, "done\n");
}

static void huge(void *ctx, const struct http_request *req, struct http_response *res)
{
	char *p = buf__reserve(&res->body, HUGE_BYTES);

	assert_non_null(p);
	memset(p, 'x', HUGE_BYTES);
	res->body.len = HUGE_BYTES;
}

static void timeout(void *ctx, const struct http_request *req, struct http_response *res)
{
	buf__printf(&res->body, "%g\n", req->timeout);
}

static const struct http_route routes[] = {
	{ "/small", hello, HTTP_READ, HTTP_SMALL },
	{ "/scrape", blocks, HTTP_READ, HTTP_SCRAPE },
	{ "/change", blocks, HTTP_READ, HTTP_CHANGE },
	{ "/huge", huge, HTTP_READ, HTTP_PAGE },
	{ "/timeout", timeout, HTTP_READ, HTTP_SCRAPE },
	{ 0 },
};

static struct http *server;
static int port;

static void serve(char *address)
{
	struct web_config c = { .listen = &address, .nlisten = 1 };
	char *error = NULL;

	if (http__bind(&c, &server, &error) || http__start(server, routes, &shared, &error))
		fail_msg("%s", error);
	port = http__port(server, 0);
}

static int set_up(void **state)
{
	shared.inside = 0;
	shared.release = false;
	serve("127.0.0.1:0");
	return 0;
}

static int tear_down(void **state)
{
	http__free(server);
	return 0;
}

static int ask(const char *path)
{
	__cleanup_buf struct buf b = { 0 };
	int fd = client__connect(port);

	buf__printf(&b, "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", path);
	client__send(fd, b.data, b.len);
	return fd;
}

static int status_of(const char *path)
{
	__cleanup_answer struct answer a = client__request(port, "GET", path, "");

	return a.code;
}

static void wait_inside(int n)
{
	pthread_mutex_lock(&shared.lock);
	while (shared.inside < n)
		pthread_cond_wait(&shared.changed, &shared.lock);
	pthread_mutex_unlock(&shared.lock);
}

static void release(void)
{
	pthread_mutex_lock(&shared.lock);
	shared.release = true;
	pthread_cond_broadcast(&shared.changed);
	pthread_mutex_unlock(&shared.lock);
}

static void is_answered(int fd, int code)
{
	__cleanup_answer struct answer a = client__receive(fd);

	assert_int_equal(a.code, code);
}

/* Waiting scrapes and reloads do not delay other requests. */
static void small_ones_wait_for_nothing(void **state)
{
	int fds[BLOCKED], change = ask("/change");

	for (int i = 0; i < BLOCKED; i++)
		fds[i] = ask("/scrape");
	wait_inside(3);
	for (int i = 0; i < BLOCKED; i++)
		assert_int_equal(status_of("/small"), 200);
	release();
	for (int i = 0; i < BLOCKED; i++)
		is_answered(fds[i], 200);
	is_answered(change, 200);
}

/* Waiting reloads do not delay scrapes, and run one after the other. */
static void changes_have_their_own(void **state)
{
	int fds[BLOCKED];

	for (int i = 0; i < BLOCKED; i++)
		fds[i] = ask("/change");
	wait_inside(1);
	assert_int_equal(status_of("/timeout"), 200);
	assert_int_equal(shared.inside, 1);
	release();
	for (int i = 0; i < BLOCKED; i++)
		is_answered(fds[i], 200);
}

/* An answer of which the client has read the beginning. */
static int begin_huge(void)
{
	int fd = ask("/huge");
	char start[16];

	assert_int_equal(recv(fd, start, 12, MSG_WAITALL), 12);
	assert_memory_equal(start, "HTTP/1.1 200", 12);
	return fd;
}

static void unread_bytes_are_limited(void **state)
{
	int first = begin_huge(), second = begin_huge();
	double end = monotonic_seconds() + PATIENCE;
	int code;

	{
		__cleanup_answer struct answer a = client__request(port, "GET", "/huge", "");

		assert_int_equal(a.code, 503);
		assert_non_null(answer__header(&a, "Retry-After"));
		assert_non_null(strstr(a.body, "128 MiB of answers are waiting"));
	}
	assert_int_equal(status_of("/timeout"), 200); /* a small one fits */
	close(first);
	do
		code = status_of("/huge");
	while (code == 503 && monotonic_seconds() < end);
	assert_int_equal(code, 200);
	close(second);
}

static void nobody_waits_for_ever(void **state)
{
	__cleanup_answer struct answer a = client__request(
		port, "GET", "/timeout", "X-Prometheus-Scrape-Timeout-Seconds: 1e308\r\n");

	assert_string_equal(a.body, "3600\n");
}

static void its_threads_show_that_they_live(void **state)
{
	double end = monotonic_seconds() + PATIENCE;
	int alive = 0;

	while (alive < 2 && monotonic_seconds() < end) {
		alive += http__is_alive(server);
		usleep(100000);
	}
	assert_int_equal(alive, 2);
}

/* Requests that share the limit. */
static void a_socket_that_is_shut_down(void **state)
{
	const struct listener *l;
	char address[32];
	size_t n;

	/* A port that the kernel chose is lost when the socket stops listening. */
	snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	http__free(server);
	serve(address);
	l = http__listeners(server, &n);
	assert_int_equal(shutdown(l->fd, SHUT_RD), 0);
	assert_int_equal(http__mend_sockets(server), 0);
	assert_int_equal(status_of("/small"), 200);
	assert_int_equal(http__mend_sockets(server), 0);
}

/* The kernel cannot undo these. */
static void a_unix_socket_that_is_shut_down(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct listener l = { .name = "unix:retprobe-test" };

	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "retprobe-test-%d", getpid());
	l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l.fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(l.fd, 1), 0);
	assert_int_equal(sockets__mend(&l, 1), 0);
	assert_int_equal(shutdown(l.fd, SHUT_RDWR), 0);
	assert_int_equal(sockets__mend(&l, 1), -ESHUTDOWN);
	assert_true(l.is_broken);
	close(l.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(small_ones_wait_for_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changes_have_their_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unread_bytes_are_limited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_waits_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(its_threads_show_that_they_live, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_socket_that_is_shut_down, set_up, tear_down),
		cmocka_unit_test(a_unix_socket_that_is_shut_down),
	};

	return cmocka_run_group_tests_name("http_limits", tests, NULL, NULL);
}
