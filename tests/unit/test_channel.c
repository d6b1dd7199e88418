/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/channel.h"

static struct channel server;
static struct channel_peer attacher;

static int set_up(void **state)
{
	server = (struct channel){};
	attacher = (struct channel_peer){};
	return channel__open(&server.fd, &attacher.fd);
}

static int tear_down(void **state)
{
	cleanup__close(&server.fd);
	channel__close(&attacher);
	return 0;
}

static void close_server(void)
{
	close(server.fd);
	server.fd = -1;
}

static int receive_when_there(struct channel_request *r)
{
	struct pollfd p = { .fd = attacher.fd, .events = POLLIN };

	poll(&p, 1, -1);
	return channel__receive(&attacher, r);
}

/* Answers each request with as many bytes as its operation says. */
static void *answer_requests(void *arg)
{
	static const char text[] = "abcdefgh";
	struct channel_request r;
	int asked = 0;

	while (!receive_when_there(&r)) {
		asked++;
		channel__answer(&attacher, &r, r.op == CHANNEL_RELOAD ? -EINVAL : 0, text, asked);
	}
	return NULL;
}

static void test_call(void **state)
{
	__cleanup_buf struct buf out = {};
	pthread_t thread;
	int status = 1;

	pthread_create(&thread, NULL, answer_requests, NULL);
	assert_int_equal(channel__call(&server, CHANNEL_REFRESH, CHANNEL_FOREVER, &status, &out),
			 0);
	assert_int_equal(status, 0);
	assert_int_equal(channel__call(&server, CHANNEL_RELOAD, CHANNEL_FOREVER, &status, &out), 0);
	assert_int_equal(status, -EINVAL);
	assert_string_equal(buf__str(&out), "aab");
	close_server();
	pthread_join(thread, NULL);
}

/* A late answer is not lost, and not taken for the answer to another request. */
static void test_late(void **state)
{
	__cleanup_buf struct buf out = {};
	struct channel_request first;
	pthread_t thread;
	int status = 1;

	assert_int_equal(channel__call(&server, CHANNEL_REFRESH, 0.01, &status, &out), -ETIMEDOUT);
	assert_int_equal(status, 1);
	assert_int_equal(channel__receive(&attacher, &first), 0);
	assert_int_equal(channel__answer(&attacher, &first, -EIO, "late,", 5), 0);
	pthread_create(&thread, NULL, answer_requests, NULL);
	assert_int_equal(channel__call(&server, CHANNEL_REFRESH, CHANNEL_FOREVER, &status, &out),
			 0);
	assert_int_equal(status, 0);
	assert_string_equal(buf__str(&out), "late,a");
	close_server();
	pthread_join(thread, NULL);
}

/* A busy attacher finds one request, however often the server asked. */
static void test_busy(void **state)
{
	__cleanup_buf struct buf out = {};
	struct channel_request r;
	pthread_t thread;
	char byte;
	int status = 1;

	assert_int_equal(channel__settle(&server, 0, &status, &out), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(channel__call(&server, CHANNEL_WEB, 0, &status, &out), -ETIMEDOUT);
		assert_int_equal(channel__settle(&server, 0, &status, &out), -ETIMEDOUT);
	}
	assert_int_equal(channel__receive(&attacher, &r), 0);
	assert_int_equal(r.op, CHANNEL_WEB);
	assert_int_equal(recv(attacher.fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(channel__answer(&attacher, &r, 0, "late,", 5), 0);
	assert_int_equal(channel__settle(&server, 0, &status, &out), 0);
	assert_string_equal(buf__str(&out), "late,");
	assert_int_equal(channel__settle(&server, 0, &status, &out), 0);
	pthread_create(&thread, NULL, answer_requests, NULL);
	assert_int_equal(channel__call(&server, CHANNEL_WEB, CHANNEL_FOREVER, &status, &out), 0);
	assert_string_equal(buf__str(&out), "late,a");
	close_server();
	pthread_join(thread, NULL);
}

static void *call_later(void *arg)
{
	int status;

	assert_int_equal(channel__settle(&server, CHANNEL_FOREVER, &status, arg), 0);
	assert_int_equal(channel__call(&server, CHANNEL_WEB, CHANNEL_FOREVER, &status, arg), 0);
	return NULL;
}

/* Nobody reads the answer, and it exceeds the socket's buffer: the attacher does not block. */
static void test_large(void **state)
{
	const size_t len = 4 << 20;
	__cleanup_free char *data = xcalloc(len, 1);
	__cleanup_buf struct buf out = {};
	struct pollfd p = { .fd = attacher.fd, .events = POLLOUT };
	struct channel_request r;
	pthread_t thread;
	int status;

	memset(data, 'x', len);
	assert_int_equal(channel__call(&server, CHANNEL_WEB, 0, &status, &out), -ETIMEDOUT);
	assert_int_equal(channel__receive(&attacher, &r), 0);
	assert_int_equal(channel__answer(&attacher, &r, 0, data, len), 0);
	assert_true(channel__is_sending(&attacher));
	assert_int_equal(channel__send(&attacher), 0);
	assert_true(channel__is_sending(&attacher));
	pthread_create(&thread, NULL, call_later, &out);
	while (channel__is_sending(&attacher)) {
		assert_int_equal(poll(&p, 1, -1), 1);
		assert_int_equal(channel__send(&attacher), 0);
	}
	p.events = POLLIN;
	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(channel__receive(&attacher, &r), 0);
	assert_int_equal(channel__answer(&attacher, &r, 0, "end", 3), 0);
	assert_false(channel__is_sending(&attacher));
	pthread_join(thread, NULL);
	assert_int_equal(out.len, len + 3);
	assert_memory_equal(out.data, data, len);
	assert_memory_equal(out.data + len, "end", 3);
	/* The server exits in the middle of an answer. */
	assert_int_equal(channel__answer(&attacher, &r, 0, data, len), 0);
	close_server();
	assert_true(channel__send(&attacher) < 0);
}

static void *nothing(void *arg)
{
	struct channel_request r;

	receive_when_there(&r);
	channel__close(&attacher);
	return NULL;
}

static void test_gone(void **state)
{
	__cleanup_buf struct buf out = {};
	struct channel_request r;
	pthread_t thread;
	int status;

	pthread_create(&thread, NULL, nothing, NULL);
	assert_int_equal(channel__call(&server, CHANNEL_REFRESH, CHANNEL_FOREVER, &status, &out),
			 -EPIPE);
	pthread_join(thread, NULL);
	assert_int_equal(channel__open(&server.fd, &attacher.fd), 0);
	close_server();
	assert_int_equal(channel__receive(&attacher, &r), -EPIPE);
}

#define PACKET (16 << 10)

/* Announces a terabyte, and sends one packet. */
static void *exaggerate(void *arg)
{
	static const char data[PACKET];
	const uint64_t len = 1ULL << 40;
	struct channel_request r;
	uint32_t head[4] = { 0 };

	receive_when_there(&r);
	head[0] = r.number;
	memcpy(&head[2], &len, sizeof(len));
	send(attacher.fd, head, sizeof(head), 0);
	send(attacher.fd, data, sizeof(data), 0);
	channel__close(&attacher);
	return NULL;
}

/* Memory is only allocated for bytes that arrived. */
static void test_announced(void **state)
{
	__cleanup_buf struct buf out = {};
	pthread_t thread;
	int status;

	pthread_create(&thread, NULL, exaggerate, NULL);
	assert_int_equal(channel__call(&server, CHANNEL_REFRESH, CHANNEL_FOREVER, &status, &out),
			 -EPIPE);
	assert_false(out.failed);
	assert_true(out.cap <= 4 << 20);
	assert_int_equal(out.len, 0);
	pthread_join(thread, NULL);
}

/* An invalid request is rejected at once, whatever follows it. */
static void test_pieces(void **state)
{
	static const char zeros[PACKET];
	struct channel_request r;

	assert_int_equal(channel__receive(&attacher, &r), -EAGAIN);
	for (size_t len = 0; len <= sizeof(zeros); len += len / 8 + 1) {
		if (len == sizeof(r))
			continue;
		assert_int_equal(send(server.fd, zeros, len, MSG_DONTWAIT), len);
		assert_int_equal(channel__receive(&attacher, &r), len ? -EPROTO : -EPIPE);
		assert_int_equal(channel__receive(&attacher, &r), -EAGAIN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_announced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pieces, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
