/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests and answers, limits, and the end of a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/self.h"
#include "http/connections.h"
#include "http_fixture.h"

#include <pthread.h>

#define MAX_REQUESTS 2

/* What the handlers see and do. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int inside;
	bool release;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void big(void *ctx, const struct http_request *req, struct http_response *res)
{
	res->compressible = true;
	res->vary = "Accept-Encoding";
	for (int i = 0; i < 100000; i++)
		buf__printf(&res->body, "line %d\n", i);
}

/* Returns what the handler received of the request. */
static void echo(void *ctx, const struct http_request *req, struct http_response *res)
{
	assert_ptr_equal(ctx, &shared);
	buf__printf(&res->body, "%s|%s|%g|", req->path, req->accept ? req->accept : "-",
		    req->timeout);
	for (size_t i = 0; i < req->nfunctions; i++)
		buf__printf(&res->body, "%s,", req->functions[i]);
}

static void broken(void *ctx, const struct http_request *req, struct http_response *res)
{
	buf__puts(&res->body, "half a page");
	assert_null(buf__reserve(&res->body, SIZE_MAX / 2));
}

static void refuse(void *ctx, const struct http_request *req, struct http_response *res)
{
	buf__puts(&res->body, "something else");
	http_response__text(res, 500, "no counters: %s", "reason");
}

static void blocks(void *ctx, const struct http_request *req, struct http_response *res)
{
	pthread_mutex_lock(&shared.lock);
	shared.inside++;
	pthread_cond_broadcast(&shared.changed);
	while (!shared.release)
		pthread_cond_wait(&shared.changed, &shared.lock);
	shared.inside--;
	pthread_mutex_unlock(&shared.lock);
	buf__puts(&res->body, "done\n");
}

static const struct http_route routes[] = {
	{ "/", hello, HTTP_READ, HTTP_SMALL },	      { "/big", big, HTTP_READ, HTTP_PAGE },
	{ "/echo", echo, HTTP_READ, HTTP_SCRAPE },    { "/broken", broken, HTTP_READ, HTTP_PAGE },
	{ "/refuse", refuse, HTTP_READ, HTTP_PAGE },  { "/block", blocks, HTTP_READ, HTTP_SCRAPE },
	{ "/write", hello, HTTP_WRITE, HTTP_CHANGE }, { 0 },
};

static struct http *serve(char *address, unsigned max_requests)
{
	return serve_routes(address, max_requests, routes, &shared);
}

static uint64_t counted(int code)
{
	struct self s;

	self__read(&s);
	for (size_t i = 0; i < s.nrequests; i++)
		if (s.requests[i].code == code)
			return s.requests[i].count;
	return 0;
}

static void test_get(void **state)
{
	uint64_t before = counted(200);

	expect("GET", "/", "", 200, "hello\n");
	assert_int_equal(counted(200), before + 1);
}

static void test_head(void **state)
{
	__cleanup_answer struct answer a = client__request(port, "HEAD", "/", "");

	assert_int_equal(a.code, 200);
	assert_int_equal(a.body_len, 0);
	assert_string_equal(answer__header(&a, "Content-Length"), "6");
	assert_string_equal(answer__header(&a, "Content-Type"), "text/plain; charset=utf-8");
}

static void test_not_found(void **state)
{
	static const char *const targets[] = {
		"/nothing",
		"/echo/",
		"//",
		"//echo",
		"/ECHO",
		"/..",
		"/./echo",
		"/%2e%2e/etc/passwd",
		"/%2Fecho",
		"/echo%00",
		"/echo%00?x",
		"%2fecho",
		"http://test//echo",
		"http://test/%2fecho",
	};
	uint64_t before = counted(404);

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		expect("GET", targets[i], "", 404, "404 page not found\n");
	expect("POST", "/nothing", "Content-Length: 0\r\n", 404, NULL);
	assert_int_equal(counted(404), before + ARRAY_SIZE(targets) + 1);
}

/* RFC 9112, 3.2: a path, or a URL with one; "*" and host:port only for OPTIONS and CONNECT. */
static void test_targets(void **state)
{
	static const char *const found[] = {
		"/echo",
		"/%65%63ho",
		"http://test/echo",
		"HTTP://other:80/echo",
		"https://[::1]:10435/echo",
		"http://test/%65cho",
	};
	static const char *const refused[] = {
		"echo",
		"*",
		"test:80",
		"http:///echo",
		"http://",
		"ftp://test/echo",
		"http://user@test/echo",
		"http://te%2fst/echo",
		"http:/echo",
		"http://te\\st/echo",
	};

	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		__cleanup_free char *with_query = xasprintf("%s?function[]=a%%2Fb", found[i]);

		expect("GET", found[i], "", 200, "/echo|-|0|");
		expect("GET", with_query, "", 200, "/echo|-|0|a/b,");
		expect("HEAD", found[i], "", 200, "");
		expect("DELETE", found[i], "", 405, NULL);
	}
	expect("GET", "http://test", "", 200, "hello\n");
	expect("GET", "http://test?x", "", 200, "hello\n");
	expect("POST", "http://test/write", "Content-Length: 0\r\n", 200, "hello\n");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		expect("GET", refused[i], "", 400,
		       "The request target is neither a path nor an http URL.\n");
	expect("OPTIONS", "*", "", 405, "405 method not allowed: this path answers to GET, HEAD\n");
	expect("CONNECT", "test:80", "", 405, NULL);
	expect("OPTIONS", "echo", "", 400, NULL);
}

static void test_methods(void **state)
{
	static const char *const others[] = { "POST",	 "PUT",	  "DELETE", "PATCH",
					      "OPTIONS", "TRACE", "BREW",   "get" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		__cleanup_answer struct answer a =
			client__request(port, others[i], "/", "Content-Length: 0\r\n");

		assert_int_equal(a.code, 405);
		assert_string_equal(answer__header(&a, "Allow"), "GET, HEAD");
		assert_non_null(answer__header(&a, "Content-Type"));
	}
	expect("POST", "/write", "Content-Length: 0\r\n", 200, "hello\n");
	expect("PUT", "/write", "Content-Length: 0\r\n", 200, "hello\n");
	{
		__cleanup_answer struct answer a = client__request(port, "GET", "/write", "");

		assert_int_equal(a.code, 405);
		assert_string_equal(answer__header(&a, "Allow"), "POST, PUT");
	}
}

/* A body is drained, so that the answer arrives. An endless body is cut off. */
static void test_uploads(void **state)
{
	__cleanup_buf struct buf b = { 0 };
	char chunk[10000];
	int fd;

	memset(chunk, 'x', sizeof(chunk));
	buf__printf(&b, "POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
			"Content-Length: 100000\r\n\r\n");
	for (int i = 0; i < 10; i++)
		buf__append(&b, chunk, sizeof(chunk));
	fd = client__connect(port);
	client__send(fd, b.data, b.len);
	{
		__cleanup_answer struct answer a = client__receive(fd);

		assert_int_equal(a.code, 405);
	}

	fd = client__connect(port);
	b.len = 0;
	buf__printf(&b, "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
	client__send(fd, b.data, b.len);
	b.len = 0;
	buf__printf(&b, "%zx\r\n", sizeof(chunk));
	buf__append(&b, chunk, sizeof(chunk));
	buf__puts(&b, "\r\n");
	for (int i = 0; i < 300; i++)
		client__send(fd, b.data, b.len);
	{
		__cleanup_answer struct answer a = client__receive(fd);

		assert_int_equal(a.code, 0);
	}
	expect("GET", "/", "", 200, "hello\n");
}

static void test_headers(void **state)
{
	expect("GET", "/echo", "", 200, "/echo|-|0|");
	expect("GET", "/echo", "Accept: text/plain;q=0.5\r\n", 200, "/echo|text/plain;q=0.5|0|");
	expect("GET", "/echo", "accept: */*\r\nx-prometheus-scrape-timeout-seconds: 9.500000\r\n",
	       200, "/echo|*/*|9.5|");
	expect("GET", "/echo", "X-Prometheus-Scrape-Timeout-Seconds: nan\r\n", 200, "/echo|-|0|");
	expect("GET", "/echo", "X-Prometheus-Scrape-Timeout-Seconds: -1\r\n", 200, "/echo|-|0|");
	expect("GET", "/echo", "X-Prometheus-Scrape-Timeout-Seconds: soon\r\n", 200, "/echo|-|0|");
}

static void test_functions(void **state)
{
	expect("GET", "/echo?function[]=a&function[]=b&function=c&other=d", "", 200,
	       "/echo|-|0|a,b,c,");
	expect("GET", "/echo?function%5B%5D=vfs_read%2Bx", "", 200, "/echo|-|0|vfs_read+x,");
	expect("GET", "/echo?function[]", "", 200, "/echo|-|0|,");
	expect("GET", "/echo?function[]=", "", 200, "/echo|-|0|,");
	expect("GET", "/echo?", "", 200, "/echo|-|0|");
}

static void test_failures(void **state)
{
	uint64_t before = counted(500);

	expect("GET", "/broken", "", 500, "Out of memory while making the response.\n");
	expect("GET", "/refuse", "", 500, "no counters: reason\n");
	assert_int_equal(counted(500), before + 2);
}

static void test_gzip(void **state)
{
	__cleanup_answer struct answer plain = client__request(port, "GET", "/big", ""),
				       zipped = client__request(port, "GET", "/big",
								"accept-encoding: gzip\r\n"),
				       refused = client__request(port, "GET", "/big",
								 "Accept-Encoding: gzip;q=0\r\n"),
				       small = client__request(port, "GET", "/",
							       "Accept-Encoding: gzip\r\n"),
				       head = client__request(port, "HEAD", "/big",
							      "Accept-Encoding: gzip\r\n");
	__cleanup_buf struct buf out = { 0 };
	char length[32];

	assert_null(answer__header(&plain, "Content-Encoding"));
	assert_string_equal(answer__header(&plain, "Vary"), "Accept-Encoding");
	assert_string_equal(answer__header(&zipped, "Content-Encoding"), "gzip");
	assert_string_equal(answer__header(&zipped, "Vary"), "Accept-Encoding");
	assert_true(zipped.body_len < plain.body_len / 2);
	answer__gunzip(&zipped, &out);
	assert_int_equal(out.len, plain.body_len);
	assert_memory_equal(out.data, plain.body, out.len);

	assert_null(answer__header(&refused, "Content-Encoding"));
	assert_int_equal(refused.body_len, plain.body_len);
	assert_null(answer__header(&small, "Content-Encoding"));
	assert_string_equal(answer__header(&head, "Content-Encoding"), "gzip");
	assert_int_equal(head.body_len, 0);
	snprintf(length, sizeof(length), "%zu", zipped.body_len);
	assert_string_equal(answer__header(&head, "Content-Length"), length);
}

static const char kept[] = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

/* Leaves the connection open. */
static void ask(int fd)
{
	char reply[4096] = "";

	client__send(fd, kept, strlen(kept));
	for (size_t len = 0; !strstr(reply, "\r\n\r\nhello\n"); len += strlen(reply + len)) {
		ssize_t n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);

		assert_true(n > 0);
		reply[len + n] = '\0';
	}
}

static void test_keep_alive(void **state)
{
	int fd = client__connect(port);

	for (int i = 0; i < 3; i++)
		ask(fd);
	close(fd);
}

/* A kept connection ends with the next answer. */
static void test_quiesce(void **state)
{
	struct http *own = serve("127.0.0.1:0", 0);
	int fd = client__connect(http__port(own, 0));

	ask(fd);
	http__quiesce(own);
	client__send(fd, kept, strlen(kept));
	{
		__cleanup_answer struct answer last = client__receive(fd);

		assert_int_equal(last.code, 200);
		assert_string_equal(answer__header(&last, "Connection"), "close");
	}
	http__free(own);
}

static int send_get(const char *target)
{
	__cleanup_buf struct buf b = { 0 };
	int fd = client__connect(port);

	buf__printf(&b, "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", target);
	client__send(fd, b.data, b.len);
	return fd;
}

static void wait_inside(int n)
{
	pthread_mutex_lock(&shared.lock);
	while (shared.inside != n)
		pthread_cond_wait(&shared.changed, &shared.lock);
	pthread_mutex_unlock(&shared.lock);
}

static void let_go(bool release)
{
	pthread_mutex_lock(&shared.lock);
	shared.release = release;
	pthread_cond_broadcast(&shared.changed);
	pthread_mutex_unlock(&shared.lock);
}

static void test_limit(void **state)
{
	uint64_t before = counted(503);
	int held[MAX_REQUESTS];

	/* A blocked thread accepts no connection, so one remains for the others. */
	let_go(false);
	for (int i = 0; i < MAX_REQUESTS; i++) {
		held[i] = send_get("/block");
		wait_inside(i + 1);
	}
	{
		__cleanup_answer struct answer limited = client__request(port, "GET", "/echo", ""),
					       unlimited = client__request(port, "GET", "/", "");

		assert_int_equal(limited.code, 503);
		assert_string_equal(limited.body, "Limit of concurrent requests reached (2), try "
						  "again later.\n");
		assert_true(counted(503) > before);
		assert_int_equal(unlimited.code, 200);
	}
	let_go(true);
	for (int i = 0; i < MAX_REQUESTS; i++) {
		__cleanup_answer struct answer a = client__receive(held[i]);

		assert_int_equal(a.code, 200);
		assert_string_equal(a.body, "done\n");
	}
	wait_inside(0);
	/* The slots are free again after the answers. */
	for (int i = 0; i < 200; i++) {
		__cleanup_answer struct answer a = client__request(port, "GET", "/echo", "");

		if (a.code == 200)
			return;
		usleep(50000);
	}
	fail_msg("slots are not given back");
}

static void *free_server(void *h)
{
	http__free(h);
	return NULL;
}

/* http__free() lets a running request finish. */
static void test_stop_waits(void **state)
{
	struct http *own = serve("127.0.0.1:0", 0);
	pthread_t stopper;
	int keep = port, fd;

	let_go(false);
	port = http__port(own, 0);
	fd = send_get("/block");
	port = keep;
	wait_inside(1);
	assert_int_equal(pthread_create(&stopper, NULL, free_server, own), 0);
	usleep(100000);
	let_go(true);
	{
		__cleanup_answer struct answer a = client__receive(fd);

		assert_int_equal(a.code, 200);
		assert_string_equal(a.body, "done\n");
	}
	pthread_join(stopper, NULL);
}

/* It also waits for requests on new connections. */
static void test_expecting(void **state)
{
	struct connections cs = { .n = 0 };
	struct connection *a, *b;

	connections__init(&cs, 10);
	assert_false(connections__expecting(&cs));
	a = connections__add(&cs, -1);
	assert_true(connections__expecting(&cs));
	connections__busy(&cs, a);
	assert_false(connections__expecting(&cs));
	b = connections__add(&cs, -1);
	connections__idle(&cs, a);
	assert_true(connections__expecting(&cs));
	connections__remove(&cs, b);
	assert_false(connections__expecting(&cs)); /* between two requests */
	b = connections__add(&cs, -1);
	b->since -= 10; /* sends nothing for too long */
	connections__remove(&cs, a);
	assert_false(connections__expecting(&cs));
	connections__remove(&cs, b);
	connections__destroy(&cs);
}

static int start_server(void **state)
{
	server = serve("127.0.0.1:0", MAX_REQUESTS);
	port = http__port(server, 0);
	return port > 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),	   cmocka_unit_test(test_head),
		cmocka_unit_test(test_not_found),  cmocka_unit_test(test_targets),
		cmocka_unit_test(test_methods),	   cmocka_unit_test(test_uploads),
		cmocka_unit_test(test_headers),	   cmocka_unit_test(test_functions),
		cmocka_unit_test(test_failures),   cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_keep_alive), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_quiesce),	   cmocka_unit_test(test_stop_waits),
		cmocka_unit_test(test_expecting),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests_name("http", tests, start_server, stop_server);
}
