/* SPDX-License-Identifier: GPL-2.0-only */
/* All pages except /api/v1/probes (test_pages_probes.c), and their routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "golden.h"
#include "http_client.h"
#include "pages_fixture.h"

#include <errno.h>

static void test_metrics(void **state)
{
	__cleanup_response struct http_response res = get("/metrics", NULL, 0);

	assert_int_equal(res.code, 200);
	assert_string_equal(res.content_type, "text/plain; version=0.0.4; charset=utf-8");
	assert_string_equal(res.vary, "Accept, Accept-Encoding");
	assert_true(res.compressible);
	assert_int_equal(route("/metrics")->kind, HTTP_SCRAPE);
	golden__check("metrics_text.txt", &res.body);
}

static void test_metrics_formats(void **state)
{
	static const struct {
		const char *accept;
		bool created;
		const char *content_type, *golden;
	} cases[] = {
		{ "application/openmetrics-text;version=1.0.0", false,
		  "application/openmetrics-text; version=1.0.0; charset=utf-8",
		  "metrics_openmetrics.txt" },
		{ "application/openmetrics-text;version=1.0.0", true,
		  "application/openmetrics-text; version=1.0.0; charset=utf-8",
		  "metrics_openmetrics_created.txt" },
		{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		  "encoding=delimited",
		  false,
		  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
		  "encoding=delimited",
		  "metrics_protobuf.bin" },
		{ "text/plain", true, "text/plain; version=0.0.4; charset=utf-8",
		  "metrics_text.txt" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		pages__free(pages);
		pages = new_pages("/metrics", cases[i].created);
		accepted = cases[i].accept;

		__cleanup_response struct http_response res = get("/metrics", NULL, 0);

		assert_string_equal(res.content_type, cases[i].content_type);
		assert_string_equal(res.vary, "Accept, Accept-Encoding");
		golden__check(cases[i].golden, &res.body);
	}
}

/* The reading must be ready half a second before the scraper's timeout. */
static void test_metrics_timeout(void **state)
{
	static const struct {
		double timeout, patience;
	} cases[] = { { 10, 9.5 }, { 1.5, 1 }, { 1, 0.5 }, { 0.25, 0.125 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double before = monotonic_seconds();

		timeout = cases[i].timeout;

		__cleanup_response struct http_response res = get("/metrics", NULL, 0);

		assert_true(deadline >= before + cases[i].patience);
		assert_true(deadline <= monotonic_seconds() + cases[i].patience);
	}
	timeout = 0;
	{
		__cleanup_response struct http_response res = get("/metrics", NULL, 0);

		assert_true(deadline == 0);
	}
	timeout = 10;
	fails = -ETIMEDOUT;
	{
		__cleanup_response struct http_response res = get("/metrics", NULL, 0);

		assert_int_equal(res.code, 503);
		assert_string_equal(res.body.data, "The counters could not be read within the "
						   "scraper's timeout of 10 s.\n");
	}
}

static void test_metrics_filter(void **state)
{
	static const char *const functions[] = { "capable" };
	__cleanup_response struct http_response res = get("/metrics", functions, 1);

	assert_non_null(strstr(res.body.data, "function=\"capable\""));
	assert_null(strstr(res.body.data, "function=\"vfs_read\""));
	assert_non_null(strstr(res.body.data, "retprobe_exporter_build_info"));
}

/*
 * Without the exporter's own state in the reading, the page reads it, and records the scrape's
 * duration.
 */
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
	assert_int_equal(route("/-/healthy")->kind, HTTP_SMALL);
	assert_int_equal(route("/-/ready")->kind, HTTP_SMALL);
}

static void test_landing(void **state)
{
	__cleanup_response struct http_response res = get("/", NULL, 0), broken;

	assert_string_equal(res.content_type, "text/html; charset=utf-8");
	assert_non_null(strstr(res.body.data, "href=\"./metrics\""));
	assert_non_null(strstr(res.body.data, "8 of 14 probes attached"));
	assert_non_null(strstr(res.body.data, "<td>vfs_read</td>"));
	/* Problems first. */
	assert_true(strstr(res.body.data, "<td>no_such_function</td>") <
		    strstr(res.body.data, "<td>vfs_read</td>"));
	/* Text from outside is escaped. */
	assert_non_null(strstr(res.body.data, "nearest: &lt;none&gt; &amp; &quot;others&quot;"));
	assert_non_null(strstr(res.body.data, "/opt/odd &quot;name&quot;\xef\xbf\xbd/lib.so"));

	/* Liveness probes request this page, so it works while the counters cannot be read. */
	fails = -EIO;
	broken = get("/", NULL, 0);
	assert_int_equal(broken.code, 200);
	assert_non_null(strstr(broken.body.data, "cannot be read"));
	assert_non_null(strstr(broken.body.data, "</html>"));
	assert_null(strstr(broken.body.data, "{{"));
}

static void test_files(void **state)
{
	__cleanup_response struct http_response js = get("/page/page.js", NULL, 0),
						css = get("/page/page.css", NULL, 0);
	__cleanup_buf struct buf want = { 0 };

	assert_string_equal(js.content_type, "text/javascript; charset=utf-8");
	assert_string_equal(css.content_type, "text/css; charset=utf-8");
	assert_true(js.compressible);
	/* Embedded unchanged. */
	golden__read("exporter/pages/page/page.js", &want);
	assert_int_equal(js.body.len, want.len);
	assert_memory_equal(js.body.data, want.data, want.len);
}

static void test_telemetry_path(void **state)
{
	pages__free(pages);
	pages = new_pages("/", false);
	assert_null(route("/metrics"));
	{
		__cleanup_response struct http_response res = get("/", NULL, 0);

		assert_non_null(strstr(res.body.data, "retprobe_returns_total"));
	}
	pages__free(pages);
	pages = new_pages("/a/b?<\">", false);
	{
		__cleanup_response struct http_response res = get("/", NULL, 0);

		assert_non_null(strstr(res.body.data, "href=\"./a/b?&lt;&quot;&gt;\""));
	}
}

/* Through the server: routes with their methods, the filter of the query, gzip. */
static void test_served(void **state)
{
	static const struct {
		const char *method, *target;
		int code;
	} cases[] = {
		{ "GET", "/", 200 },
		{ "GET", "/metrics", 200 },
		{ "HEAD", "/metrics", 200 },
		{ "POST", "/metrics", 405 },
		{ "GET", "/-/healthy", 200 },
		{ "GET", "/-/ready", 200 },
		{ "GET", "/-/reload", 405 },
		{ "POST", "/-/reload", 403 },
		{ "PUT", "/-/reload", 403 },
		{ "GET", "/api/v1/probes", 200 },
		{ "GET", "/page/page.js", 200 },
		{ "POST", "/page/page.css", 405 },
		{ "GET", "/page/page.html", 404 },
		{ "GET", "/page/", 404 },
		{ "GET", "/api/v1/", 404 },
		{ "GET", "/favicon.ico", 404 },
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

static int reloads, reload_fails;
static const char *reload_error = "config.yaml:1:1: unknown key \"s3cret\"";

static int reload(void *ctx, char **error)
{
	assert_ptr_equal(ctx, &fixture);
	reloads++;
	if (reload_fails)
		*error = xstrdup(reload_error);
	return reload_fails;
}

/* Only if allowed. A failure has its reason. */
static void test_reload(void **state)
{
	struct web_config web = { .telemetry_path = "/metrics" };
	struct pages_source allowed = source;
	struct http_response res = {};
	struct http_request req = {};

	allowed.reload = reload;
	pages__free(pages);
	pages = pages__new(&web, &allowed);
	for (reload_fails = 0; reload_fails >= -EINVAL; reload_fails -= EINVAL) {
		const struct http_route *r = pages__routes(pages);

		while (strcmp(r->path, "/-/reload"))
			r++;
		res = (struct http_response){ .code = 200 };
		r->handle(pages, &req, &res);
		assert_int_equal(res.code, reload_fails ? 500 : 200);
		assert_int_equal(!strstr(buf__str(&res.body), "config.yaml:1:1."), !reload_fails);
		assert_null(strstr(res.body.data, "s3cret"));
		buf__free(&res.body);
	}
	assert_int_equal(reloads, 2);
}

/* The position of an error is told, but not its text, which can quote the configuration. */
static void test_reload_place(void **state)
{
	static const struct {
		const char *error, *told;
	} cases[] = {
		{ "/etc/a b.yaml:12:345: s3cret", ": see /etc/a b.yaml:12:345. " },
		{ "s3cret", ". The log" },
		{ "s3cret: x", ". The log" },
		{ "s3cret:1: x", ". The log" },
		{ ":1:1: s3cret", ". The log" },
		{ "1:1: s3cret", ". The log" },
		{ "", ". The log" },
	};
	struct web_config web = { .telemetry_path = "/metrics" };
	struct pages_source allowed = source;
	const struct http_route *r;
	struct http_request req = {};

	allowed.reload = reload;
	pages__free(pages);
	pages = pages__new(&web, &allowed);
	r = pages__routes(pages);
	while (strcmp(r->path, "/-/reload"))
		r++;
	reload_fails = -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_response res = { .code = 200 };

		reload_error = cases[i].error;
		r->handle(pages, &req, &res);
		assert_non_null(strstr(buf__str(&res.body), cases[i].told));
		assert_null(strstr(res.body.data, "s3cret"));
		buf__free(&res.body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_metrics),	   TEST(test_metrics_formats), TEST(test_metrics_timeout),
		TEST(test_metrics_filter), TEST(test_metrics_self),    TEST(test_metrics_failure),
		TEST(test_health),	   TEST(test_files),	       TEST(test_landing),
		TEST(test_telemetry_path), TEST(test_served),	       TEST(test_reload),
		TEST(test_reload_place),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
