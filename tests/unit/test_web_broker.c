/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server whose files the attacher reads. What arrives if the attacher is busy or gone, and what a
 * compromised server gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "access/access.h"
#include "access/broker.h"
#include "access/file.h"
#include "confine_fixture.h"
#include "web_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SECRET "what-only-root-knows"

static struct web_broker broker;
static struct channel_peer attacher;
static struct web_files *files;
static uint64_t known;
static pthread_t thread;

static int setup(void **state)
{
	__cleanup_free char *path = web_path("web.yml");

	broker = (struct web_broker){ .patience = CHANNEL_FOREVER };
	known = 0;
	files = web_files__new(path);
	attacher = (struct channel_peer){};
	return channel__open(&broker.channel.fd, &attacher.fd);
}

static int teardown(void **state)
{
	cleanup__close(&broker.channel.fd);
	channel__close(&attacher);
	web_files__free(files);
	return 0;
}

/* The attacher: answers until a server is gone, or must be killed. */
static void *attend(void *arg)
{
	struct pollfd p = { .fd = attacher.fd };
	int err;

	do {
		p.events = channel__is_sending(&attacher) ? POLLOUT : POLLIN;
		poll(&p, 1, -1);
		err = channel__is_sending(&attacher) ? channel__send(&attacher)
						     : web_broker__answer(&attacher, files, &known);
	} while (!err);
	return (void *)(intptr_t)err;
}

static int end_of_attacher(void)
{
	void *err;

	pthread_join(thread, &err);
	return (int)(intptr_t)err;
}

static void close_server(void)
{
	close(broker.channel.fd);
	broker.channel.fd = -1;
	assert_int_equal(end_of_attacher(), -EPIPE);
}

/* Returns the text of a role, or NULL if nothing has changed. */
static char *look(enum web_role role)
{
	__cleanup_secret struct buf news = {};
	struct web_texts t;

	assert_int_equal(web_broker__look(&broker, &news), 0);
	if (!news.len)
		return NULL;
	assert_int_equal(web_texts__read(&t, news.data, news.len), 0);
	return xstrndup(t.text[role].data ? t.text[role].data : "", t.text[role].len);
}

static void expect(enum web_role role, const char *text)
{
	__cleanup_free char *got = look(role);

	if (!text)
		assert_null(got);
	else
		assert_string_equal(got, text);
}

#define PAIR "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n"

static void test_look(void **state)
{
	web_write("c.pem", "the certificate");
	web_write("k.pem", "the key");
	web_write("web.yml", PAIR);
	pthread_create(&thread, NULL, attend, NULL);
	expect(WEB_KEY, "the key");
	expect(WEB_KEY, NULL);
	web_write("k.pem", "another key");
	expect(WEB_KEY, "another key");
	expect(WEB_KEY, NULL);
	web_write("web.yml", "");
	expect(WEB_KEY, "");
	close_server();
}

/* Files of the maximum size. */
static void test_large(void **state)
{
	__cleanup_free char *text = xcalloc(WEB_FILE_MAX_BYTES + 1, 1);

	memset(text, 'x', WEB_FILE_MAX_BYTES);
	web_write("c.pem", text);
	web_write("k.pem", text);
	web_write("web.yml", PAIR);
	pthread_create(&thread, NULL, attend, NULL);
	expect(WEB_KEY, text);
	expect(WEB_KEY, NULL);
	close_server();
}

/* A server has the texts from before its start, and asks for later changes. */
static void test_first(void **state)
{
	web_write("web.yml", "");
	assert_int_equal(web_files__update(files, &known, &broker.first), 0);
	expect(WEB_CONFIG, "");
	pthread_create(&thread, NULL, attend, NULL);
	expect(WEB_CONFIG, NULL);
	web_write("web.yml", "rate_limit: {}\n");
	expect(WEB_CONFIG, "rate_limit: {}\n");
	close_server();
}

/*
 * Until there is an answer, the old texts stay valid and only one request waits. A later change is
 * seen once the attacher answers.
 */
static void test_busy(void **state)
{
	struct channel_request r;
	char byte;

	web_write("web.yml", "");
	pthread_create(&thread, NULL, attend, NULL);
	expect(WEB_CONFIG, "");
	close_server();
	channel__close(&attacher);
	assert_int_equal(channel__open(&broker.channel.fd, &attacher.fd), 0);

	/* The first asks, and its patience runs out. The others do not wait. */
	broker.patience = 0;
	expect(WEB_CONFIG, NULL);
	broker.patience = CHANNEL_FOREVER;
	for (int i = 0; i < 50; i++)
		expect(WEB_CONFIG, NULL);
	assert_int_equal(recv(attacher.fd, &r, sizeof(r), MSG_PEEK), sizeof(r));
	assert_int_equal(r.op, CHANNEL_WEB);
	assert_int_equal(web_broker__answer(&attacher, files, &known), 0);
	assert_int_equal(recv(attacher.fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	/* That answer is older than the change. */
	web_write("web.yml", "rate_limit: {}\n");
	pthread_create(&thread, NULL, attend, NULL);
	expect(WEB_CONFIG, "rate_limit: {}\n");
	expect(WEB_CONFIG, NULL);
	close_server();
}

static void test_gone(void **state)
{
	__cleanup_secret struct buf news = {};

	channel__close(&attacher);
	for (int i = 0; i < 3; i++)
		assert_int_equal(web_broker__look(&broker, &news), -EPIPE);
	assert_int_equal(news.len, 0);
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

static int status(int port, const char *login)
{
	__cleanup_free char *header = web_login(login, strlen(login));
	__cleanup_answer struct answer a = client__request(port, "GET", "/", header);

	return a.code;
}

static void test_http(void **state)
{
	__cleanup_free char *path = web_path("web.yml"), *error = NULL;
	__cleanup_free char *users =
		xasprintf("basic_auth_users:\n  bob: %s\n", web_hash("secret", 4));
	const struct web_source source = { web_broker__look, &broker };
	char *address = "127.0.0.1:0";
	struct web_config c = { .listen = &address, .nlisten = 1, .config_file = path };
	struct http *h = NULL;
	int port;

	web_write("web.yml", users);
	pthread_create(&thread, NULL, attend, NULL);
	assert_int_equal(http__bind(&c, &h, &error), 0);
	http__set_web_source(h, &source);
	assert_int_equal(http__start(h, web_routes, NULL, &error), 0);
	port = http__port(h, 0);
	assert_int_equal(status(port, "bob:secret"), 200);
	assert_int_equal(status(port, "bob:wrong"), 401);
	web_write("web.yml", "nonsense: here\n");
	assert_int_equal(status(port, "bob:secret"), 500);
	web_write("web.yml", users);
	assert_int_equal(status(port, "bob:secret"), 200);
	/* Without an attacher, no login succeeds. */
	shutdown(attacher.fd, SHUT_RDWR);
	assert_int_equal(end_of_attacher(), -EPIPE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(status(port, "bob:secret"), 500);
	http__free(h);
}

/* ---- a compromised server ------------------------------------------------------------------- */

static void start_hostile(void)
{
	web_write("c.pem", "the certificate");
	web_write("k.pem", "the key");
	web_write("secret", SECRET);
	web_write("web.yml", PAIR);
	pthread_create(&thread, NULL, attend, NULL);
}

/* Reads until end of file. */
static void receive_all(struct buf *out)
{
	ssize_t n;

	do {
		char *p = buf__reserve(out, 1 << 16);

		n = recv(broker.channel.fd, p, 1 << 16, 0);
		out->len += n > 0 ? n : 0;
	} while (n > 0);
	assert_null(memmem(out->data, out->len, SECRET, strlen(SECRET)));
}

static int end_hostile(struct buf *out)
{
	int err = end_of_attacher();

	/* As the attacher does with a server that it no longer serves. */
	shutdown(attacher.fd, SHUT_RDWR);
	receive_all(out);
	return err;
}

static void say(const void *data, size_t len)
{
	send(broker.channel.fd, data, len, MSG_NOSIGNAL);
}

/* No other operation is allowed. */
static void test_hostile_operations(void **state)
{
	static const uint32_t ops[] = {
		0, CHANNEL_REFRESH, CHANNEL_RELOAD, CHANNEL_WEB + 1, 256 + CHANNEL_WEB, UINT32_MAX,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct channel_request r = { ops[i], 1 };
		__cleanup_buf struct buf out = {};

		start_hostile();
		say(&r, sizeof(r));
		shutdown(broker.channel.fd, SHUT_WR);
		assert_int_equal(end_hostile(&out), -EPROTO);
		assert_int_equal(out.len, 0);
		teardown(NULL);
		setup(NULL);
	}
}

/* No request can contain a file name: not before it, after it or in its place. */
static void test_hostile_names(void **state)
{
	__cleanup_free char *secret = web_path("secret");
	const char *const names[] = { secret, "/etc/shadow", "../../../../etc/shadow", "secret" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct channel_request r = { CHANNEL_WEB, 1 };
		__cleanup_secret struct buf out = {}, said = {};
		size_t len = strlen(names[i]) + 1;

		buf__append(&said, &r, sizeof(r));
		buf__append(&said, names[i], len);
		buf__append(&said, &r, sizeof(r));
		for (int how = 0; how < 3; how++) {
			size_t from = how == 2 ? sizeof(r) : 0;

			start_hostile();
			say(said.data + from, how ? said.len - from : sizeof(r) + len);
			shutdown(broker.channel.fd, SHUT_WR);
			assert_int_equal(end_hostile(&out), -EPROTO);
			assert_int_equal(out.len, 0);
			teardown(NULL);
			setup(NULL);
		}
	}
}

/* Passed descriptors are not accepted. */
static void test_hostile_descriptors(void **state)
{
	struct channel_request r = { CHANNEL_WEB, 1 };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	__cleanup_secret struct buf out = {};
	int pipe_fds[2];
	char byte;

	assert_int_equal(pipe(pipe_fds), 0);
	control.head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &pipe_fds[1], sizeof(int));
	start_hostile();
	assert_int_equal(sendmsg(broker.channel.fd, &msg, MSG_NOSIGNAL), sizeof(r));
	shutdown(broker.channel.fd, SHUT_WR);
	assert_int_equal(end_hostile(&out), -EPIPE);
	close(pipe_fds[1]);
	/* No other process holds it. */
	assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);
}

/* The texts are sent once, however often a server asks. */
static void test_hostile_flood(void **state)
{
	const struct channel_request r = { CHANNEL_WEB, 7 };
	__cleanup_secret struct buf out = {};
	size_t first;

	start_hostile();
	for (int i = 0; i < 100; i++)
		say(&r, sizeof(r));
	shutdown(broker.channel.fd, SHUT_WR);
	assert_int_equal(end_hostile(&out), -EPIPE);
	first = (const char *)memmem(out.data, out.len, "the key", 7) - out.data;
	assert_in_range(first, 1, out.len - 1);
	assert_null(memmem(out.data + first + 1, out.len - first - 1, "the key", 7));
}

static int answer_when_asked(void)
{
	struct pollfd p = { .fd = attacher.fd, .events = POLLIN };

	poll(&p, 1, -1);
	return web_broker__answer(&attacher, files, &known);
}

/*
 * In a process that is confined as a server: the secret is out of reach, with or without the
 * channel.
 */
static void test_hostile_confined(void **state)
{
	__cleanup_free char *secret = web_path("secret");
	int result;
	pid_t pid;

	web_write("c.pem", "the certificate");
	web_write("k.pem", "the key");
	web_write("secret", SECRET);
	web_write("web.yml", PAIR);
	pid = fork();
	if (!pid) {
		bool ok = !confine(NULL, 0);

		channel__close(&attacher);
		ok = ok && open(secret, O_RDONLY) < 0 && errno == EPERM;
		__cleanup_free char *key = ok ? look(WEB_KEY) : NULL;
		/* Not by _exit(): there, sanitizers make a system call that servers cannot. */
		syscall(SYS_exit_group, !(ok && key && !strcmp(key, "the key")));
	}
	close(broker.channel.fd);
	broker.channel.fd = -1;
	assert_int_equal(answer_when_asked(), 0);
	assert_int_equal(answer_when_asked(), -EPIPE);
	waitpid(pid, &result, 0);
	assert_int_equal(result, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_look),
		TEST(test_large),
		TEST(test_first),
		TEST(test_busy),
		TEST(test_gone),
		TEST(test_http),
		TEST(test_hostile_operations),
		TEST(test_hostile_names),
		TEST(test_hostile_descriptors),
		TEST(test_hostile_flood),
		TEST(test_hostile_confined),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, web_dir__make, web_dir__drop);
}
