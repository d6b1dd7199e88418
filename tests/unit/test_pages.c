/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "golden.h"
#include "http_client.h"
#include "log.h"
#include "metrics_fixture.h"
#include "pages.h"
#include "version.h"

#include <errno.h>

static struct fixture fixture;
static int acquired, fails;
static bool is_ready;

static int acquire(void *ctx, struct metrics_input *in)
{
	assert_ptr_equal(ctx, &fixture);
	if (fails)
		return fails;
	acquired++;
	*in = fixture.in;
	return 0;
}

static void release(void *ctx, struct metrics_input *in)
{
	assert_ptr_equal(ctx, &fixture);
	acquired--;
}

static bool ready(void *ctx)
{
	assert_ptr_equal(ctx, &fixture);
	return is_ready;
}

static const struct pages_source source = { &fixture, acquire, release, ready };
static struct pages *pages;

static int set_up(void **state)
{
	log__setup(LOG_ERROR, LOG_LOGFMT);
	fixture__init(&fixture);
	fails = 0;
	is_ready = true;
	pages = pages__new("/metrics", &source);
	return 0;
}

static int tear_down(void **state)
{
	pages__free(pages);
	assert_int_equal(acquired, 0);
	return 0;
}

static const struct http_route *route(const char *path)
{
	for (const struct http_route *r = pages__routes(pages); r->path; r++)
		if (!strcmp(r->path, path))
			return r;
	return NULL;
}

static void free_response(struct http_response *res)
{
	buf__free(&res->body);
}

#define __cleanup_response __attribute__((cleanup(free_response)))

static struct http_response get(const char *path, const char *const *functions, size_t n)
{
	struct http_request req = { .path = path, .functions = functions, .nfunctions = n };
	struct http_response res = { .code = 200, .content_type = "text/plain; charset=utf-8" };

	assert_non_null(route(path));
	route(path)->handle(pages, &req, &res);
	assert_non_null(buf__str(&res.body));
	return res;
}

static void test_metrics(void **state)
{
	__cleanup_response struct http_response res = get("/metrics", NULL, 0);

	assert_int_equal(res.code, 200);
	assert_string_equal(res.content_type, "text/plain; version=0.0.4; charset=utf-8");
	assert_string_equal(res.vary, "Accept, Accept-Encoding");
	assert_true(res.compressible);
	assert_true(route("/metrics")->limited);
	golden__check("metrics_text.txt", &res.body);
}

static void test_metrics_filter(void **state)
{
	static const char *const functions[] = { "capable" };
	__cleanup_response struct http_response res = get("/metrics", functions, 1);

	assert_non_null(strstr(res.body.data, "function=\"capable\""));
	assert_null(strstr(res.body.data, "function=\"vfs_read\""));
	assert_non_null(strstr(res.body.data, "retprobe_exporter_build_info"));
}

/* Without health of its own in the reading, the page looks itself; and notes how long it took. */
static void test_metrics_self(void **state)
{
	struct self self;

	fixture.in.self = NULL;
	{
		__cleanup_response struct http_response res = get("/metrics", NULL, 0);

		assert_non_null(strstr(res.body.data, "process_open_fds "));
	}
	self__read(&self);
	assert_true(self.has_scrape);
	assert_true(self.last_scrape_seconds > 0 && self.last_scrape_seconds < 10);
}

static void test_metrics_failure(void **state)
{
	fails = -ENOMEM;
	__cleanup_response struct http_response res = get("/metrics", NULL, 0);

	assert_int_equal(res.code, 500);
	assert_string_equal(res.body.data,
			    "The counters cannot be read: Cannot allocate memory.\n");
}

static void test_health(void **state)
{
	__cleanup_response struct http_response healthy = get("/-/healthy", NULL, 0),
						on = get("/-/ready", NULL, 0), off;

	is_ready = false;
	off = get("/-/ready", NULL, 0);
	assert_int_equal(healthy.code, 200);
	assert_int_equal(on.code, 200);
	assert_int_equal(off.code, 503);
	assert_false(route("/-/healthy")->limited);
	assert_false(route("/-/ready")->limited);
}

static void test_probes(void **state)
{
	__cleanup_response struct http_response res = get("/api/v1/probes", NULL, 0);
	__cleanup_buf struct buf rest = { 0 };
	char first[128];

	assert_string_equal(res.content_type, "application/json; charset=utf-8");
	snprintf(first, sizeof(first), "{\"version\":\"%s\",\"probes\":[\n", rp_version);
	assert_memory_equal(res.body.data, first, strlen(first));
	buf__puts(&rest, res.body.data + strlen(first));
	golden__check("probes_json.txt", &rest);
}

static void test_probes_empty(void **state)
{
	fixture.in.ntargets = 0;
	fixture.in.losses = NULL;
	__cleanup_response struct http_response res = get("/api/v1/probes", NULL, 0);

	assert_non_null(strstr(res.body.data, "\"probes\":[\n],\"shared_missed\":[]}\n"));
}

static void test_landing(void **state)
{
	__cleanup_response struct http_response res = get("/", NULL, 0), broken;

	assert_string_equal(res.content_type, "text/html; charset=utf-8");
	assert_non_null(strstr(res.body.data, "href=\"/metrics\""));
	assert_non_null(strstr(res.body.data, "8 of 14 probes attached"));
	assert_non_null(strstr(res.body.data, "<td>vfs_read</td>"));
	/* What is not ours is escaped. */
	assert_non_null(strstr(res.body.data, "nearest: &lt;none&gt; &amp; &quot;others&quot;"));
	assert_non_null(strstr(res.body.data, "/opt/odd &quot;name&quot;\xef\xbf\xbd/lib.so"));

	/* It is what liveness probes ask for, so it is there when the counters are not. */
	fails = -EIO;
	broken = get("/", NULL, 0);
	assert_int_equal(broken.code, 200);
	assert_non_null(strstr(broken.body.data, "cannot be read"));
	assert_non_null(strstr(broken.body.data, "</html>"));
}

static void test_telemetry_path(void **state)
{
	pages__free(pages);
	pages = pages__new("/", &source);
	assert_null(route("/metrics"));
	{
		__cleanup_response struct http_response res = get("/", NULL, 0);

		assert_non_null(strstr(res.body.data, "retprobe_returns_total"));
	}
	pages__free(pages);
	pages = pages__new("/a/b?<\">", &source);
	{
		__cleanup_response struct http_response res = get("/", NULL, 0);

		assert_non_null(strstr(res.body.data, "href=\"/a/b?&lt;&quot;&gt;\""));
	}
}

/* Through the server: the routes with their methods, the filter as it is sent, gzip. */
static void test_served(void **state)
{
	static const struct {
		const char *method, *target;
		int code;
	} cases[] = {
		{ "GET", "/", 200 },	      { "GET", "/metrics", 200 },
		{ "HEAD", "/metrics", 200 },  { "POST", "/metrics", 405 },
		{ "GET", "/-/healthy", 200 }, { "GET", "/-/ready", 200 },
		{ "GET", "/-/reload", 405 },  { "POST", "/-/reload", 403 },
		{ "PUT", "/-/reload", 403 },  { "GET", "/api/v1/probes", 200 },
		{ "GET", "/api/v1/", 404 },   { "GET", "/favicon.ico", 404 },
	};
	char *address = "127.0.0.1:0", *error = NULL;
	struct web_config c = { .listen = &address, .nlisten = 1, .max_requests = 40 };
	struct http *h = NULL;
	int port;

	assert_int_equal(http__bind(&c, &h, &error), 0);
	assert_int_equal(http__start(h, pages__routes(pages), pages, &error), 0);
	port = http__port(h, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_answer struct answer a = client__request(
			port, cases[i].method, cases[i].target, "Content-Length: 0\r\n");

		if (a.code != cases[i].code)
			fail_msg("%s %s: %d", cases[i].method, cases[i].target, a.code);
	}
	{
		__cleanup_answer struct answer
			one = client__request(port, "GET", "/metrics?function%5B%5D=openat", ""),
			all = client__request(port, "GET", "/metrics", "Accept-Encoding: gzip\r\n"),
			reload = client__request(port, "GET", "/-/reload", "");
		__cleanup_buf struct buf body = { 0 };

		assert_non_null(strstr(one.body, "function=\"openat\""));
		assert_null(strstr(one.body, "function=\"vfs_read\""));
		assert_string_equal(answer__header(&all, "Content-Type"),
				    "text/plain; version=0.0.4; charset=utf-8");
		assert_string_equal(answer__header(&all, "Vary"), "Accept, Accept-Encoding");
		answer__gunzip(&all, &body);
		golden__check("metrics_text.txt", &body);
		assert_string_equal(answer__header(&reload, "Allow"), "POST, PUT");
	}
	http__free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_metrics, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_filter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_self, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probes_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_landing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_telemetry_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_served, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
