/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that are malformed, ambiguous, too long, or from pages of other sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "http_fixture.h"

#include <microhttpd.h>

static void echo(void *ctx, const struct http_request *req, struct http_response *res)
{
	for (size_t i = 0; i < req->nfunctions; i++)
		buf__printf(&res->body, "%s,", req->functions[i]);
}

static const struct http_route routes[] = {
	{ "/", hello, HTTP_READ, HTTP_SMALL },
	{ "/echo", echo, HTTP_READ, HTTP_SCRAPE },
	{ "/write", hello, HTTP_WRITE, HTTP_CHANGE },
	{ 0 },
};

/* None of these is HTTP, and the server survives all. */
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

/* Sends bytes, and returns the answer after the server has closed the connection. */
static struct answer until_closed(const char *bytes)
{
	int fd = client__connect(port);

	client__send(fd, bytes, strlen(bytes));
	return client__receive(fd);
}

/*
 * A proxy in front could see a different end of these requests, so the connection must be closed.
 */
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

/* Only libmicrohttpd sees a bare LF. It refuses it since 0.9.77. */
static void test_bare_lf(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\nHost: t\nConnection: close\n\n";

	__cleanup_answer struct answer a = until_closed(bytes);

	assert_int_equal(a.code, MHD_VERSION < 0x00097701 ? 200 : 400);
}

/* There is an answer, and before the library closes the connection after 15 seconds. */
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

/* Headers that a browser adds to requests from a page of another site. */
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

static int start_server(void **state)
{
	server = serve_routes("127.0.0.1:0", 2, routes, NULL);
	port = http__port(server, 0);
	return port > 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),	     cmocka_unit_test(test_framing),
		cmocka_unit_test(test_bare_lf),	     cmocka_unit_test(test_long_query),
		cmocka_unit_test(test_long_headers), cmocka_unit_test(test_cross_site),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests_name("http_framing", tests, start_server, stop_server);
}
