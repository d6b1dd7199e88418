/* SPDX-License-Identifier: GPL-2.0-only */
/* The real server on a loopback port that the kernel chooses, and a client that sends anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/http.h"
#include "http/connections.h"
#include "http_client.h"
#include "base/log.h"
#include "base/self.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sys/wait.h>

#define MAX_REQUESTS 2

/* What the handlers saw and do. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int inside;
	bool release;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void hello(void *ctx, const struct http_request *req, struct http_response *res)
{
	assert_ptr_equal(ctx, &shared);
	buf__puts(&res->body, "hello\n");
}

static void big(void *ctx, const struct http_request *req, struct http_response *res)
{
	res->compressible = true;
	res->vary = "Accept-Encoding";
	for (int i = 0; i < 100000; i++)
		buf__printf(&res->body, "line %d\n", i);
}

/* Says what of the request got through. */
static void echo(void *ctx, const struct http_request *req, struct http_response *res)
{
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

static struct http *server;
static int port;

static struct http *serve(char *address, unsigned max_requests)
{
	struct web_config c = { .listen = &address, .nlisten = 1, .max_requests = max_requests };
	struct http *h = NULL;
	char *error = NULL;

	if (http__bind(&c, &h, &error) || http__start(h, routes, &shared, &error))
		fail_msg("%s", error);
	return h;
}

static void expect(const char *method, const char *target, const char *headers, int code,
		   const char *body)
{
	__cleanup_answer struct answer a = client__request(port, method, target, headers);

	assert_int_equal(a.code, code);
	assert_non_null(answer__header(&a, "Content-Type"));
	assert_string_equal(answer__header(&a, "X-Content-Type-Options"), "nosniff");
	if (body)
		assert_string_equal(a.body, body);
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

/* RFC 9112, 3.2: a path, or an URL with one; "*" and host:port for OPTIONS and CONNECT alone. */
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

/* A body is drained, so that the answer arrives; one without end is cut off. */
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

	expect("GET", "/broken", "", 500, "Out of memory while the answer was being made.\n");
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

/* None of it is HTTP; all of it is to be survived. */
static void test_garbage(void **state)
{
	static const char *const requests[] = {
		"",
		"\r\n\r\n",
		"GET",
		"GET /",
		"GET / HTTP/1.1\r\n",
		"\x16\x03\x01\x02\x01\x01\xff",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET /%zz%f?%=%&&=&function[]=%ff HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
		"\xff\xfe\xfd\r\n\r\n",
		": : :\r\n\r\n",
		"GET /echo?function[]=a%00b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
	};
	__cleanup_buf struct buf huge = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		__cleanup_answer struct answer a = client__raw(port, requests[i]);

		assert_true(a.code != 500);
	}
	buf__puts(&huge, "GET / HTTP/1.1\r\nHost: t\r\nX: ");
	for (int i = 0; i < 100000; i++)
		buf__putc(&huge, 'x');
	buf__puts(&huge, "\r\n\r\n");
	{
		__cleanup_answer struct answer a = client__raw(port, buf__str(&huge));

		assert_true(a.code == 0 || (a.code >= 400 && a.code < 500));
	}
	expect("GET", "/", "", 200, "hello\n");
}

/* Sends bytes, and returns the answer once the server has closed the connection. */
static struct answer until_closed(const char *bytes)
{
	int fd = client__connect(port);

	client__send(fd, bytes, strlen(bytes));
	return client__receive(fd);
}

/* A proxy in front might see the end of these elsewhere, so the connection must not live on. */
static void test_framing(void **state)
{
	static const char next[] = "GET /nothing HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
	static const char *const refused[] = {
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"POST /write HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /write HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /write HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"POST /write HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\nContent-Length : 5\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		__cleanup_free char *bytes = xasprintf("%s%s", refused[i], next);
		__cleanup_answer struct answer a = until_closed(bytes);

		if (a.code != 400 || !strstr(a.headers, "Connection: close") ||
		    strstr(a.body, "HTTP/1.1 404"))
			fail_msg("%s: %d %s", refused[i], a.code, a.headers ? a.headers : "");
	}
}

/* Only libmicrohttpd sees it, and refuses it since 0.9.77. */
static void test_bare_lf(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\nHost: t\nConnection: close\n\n";

	__cleanup_answer struct answer a = until_closed(bytes);

	assert_int_equal(a.code, MHD_VERSION < 0x00097701 ? 200 : 400);
}

/* An answer, and soon: the library waits for 15 seconds before it closes. */
static void test_long_query(void **state)
{
	static const struct {
		size_t n;
		const char *parameter;
		int code;
	} cases[] = {
		{ 300, "&function[]=a", 200 },	{ 600, "&function[]=a", 414 },
		{ 5000, "&function[]=a", 414 }, { 600, "&", 414 },
		{ 1000, "&=&&", 414 },
	};
	double begin = monotonic_seconds();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_buf struct buf target = { 0 };

		buf__puts(&target, "/echo?x");
		for (size_t n = 0; n < cases[i].n; n++)
			buf__puts(&target, cases[i].parameter);
		{
			__cleanup_answer struct answer a =
				client__request(port, "GET", buf__str(&target), "Accept: a\r\n");

			assert_int_equal(a.code, cases[i].code);
		}
	}
	assert_true(monotonic_seconds() - begin < 14);
}

static void test_long_headers(void **state)
{
	for (int n = 10; n <= 2000; n += 199) {
		__cleanup_buf struct buf headers = { 0 };

		for (int i = 0; i < n; i++)
			buf__printf(&headers, "X-%d: %d\r\n", i, i);
		{
			__cleanup_answer struct answer a = client__request(
				port, "GET", "/echo?function=a&function=b", buf__str(&headers));

			assert_true(a.code == 200 || a.code == 431);
		}
	}
}

/* What a browser adds to a request that a page of another site makes. */
static void test_cross_site(void **state)
{
	static const struct {
		const char *headers;
		int code;
	} cases[] = {
		{ "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ "Sec-Fetch-Site: same-site\r\n", 403 },
		{ "Sec-Fetch-Site: same-origin\r\nOrigin: http://test\r\n", 200 },
		{ "Sec-Fetch-Site: none\r\n", 200 },
		{ "Origin: http://evil\r\n", 403 },
		{ "Origin: http://test.evil\r\n", 403 },
		{ "Origin: null\r\n", 403 },
		{ "Origin: https://TEST\r\n", 200 },
		{ "", 200 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect("POST", "/write", cases[i].headers, cases[i].code, NULL);
	/* Reading is harmless: the browser does not show the answer to that page. */
	expect("GET", "/", "Origin: http://evil\r\nSec-Fetch-Site: cross-site\r\n", 200, "hello\n");
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

/* A connection that is kept ends with the next answer. */
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

	/* A thread that is held accepts no connection, so there is one left for those that follow.
	 */
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
	/* The slots are free again once the answers are out. */
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

/* http__free() lets a request that is under way finish. */
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

/* The end also waits for what new connections are about to ask. */
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
	b->since -= 10; /* says nothing for too long */
	connections__remove(&cs, a);
	assert_false(connections__expecting(&cs));
	connections__remove(&cs, b);
	connections__destroy(&cs);
}

/* ---- addresses ------------------------------------------------------------------------------- */

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
		free(error); /* no IPv6 here: without the one that asks for it */
		error = NULL;
		c.nlisten--;
		assert_int_equal(http__bind(&c, &h, &error), 0);
	}
	assert_int_equal(http__start(h, routes, &shared, &error), 0);
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
	if (http__start(h, routes, &shared, &error))
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
	assert_int_equal(systemd_results[2], 1); /* does not listen */
	assert_int_equal(systemd_results[3], 1); /* not a stream */
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
	/* Forks, so before there are threads. */
	systemd_results[0] = run_systemd_child(SOCK_STREAM, true, true);
	systemd_results[1] = run_systemd_child(SOCK_STREAM, true, false);
	systemd_results[2] = run_systemd_child(SOCK_STREAM, false, true);
	systemd_results[3] = run_systemd_child(SOCK_DGRAM, false, true);

	server = serve("127.0.0.1:0", MAX_REQUESTS);
	port = http__port(server, 0);
	return port > 0 ? 0 : -1;
}

static int stop_server(void **state)
{
	http__free(server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_uploads),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_bare_lf),
		cmocka_unit_test(test_long_query),
		cmocka_unit_test(test_long_headers),
		cmocka_unit_test(test_cross_site),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_quiesce),
		cmocka_unit_test(test_stop_waits),
		cmocka_unit_test(test_expecting),
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_bind_errors),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_several_addresses),
		cmocka_unit_test(test_free_without_start),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
