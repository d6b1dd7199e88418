/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "expr/capture.h"
#include "golden.h"
#include "http_client.h"
#include "base/log.h"
#include "metrics_fixture.h"
#include "http/http.h"
#include "pages/pages.h"
#include "base/version.h"

#include <errno.h>
#include <math.h>
#include <time.h>

static struct fixture fixture;
static int acquired, fails;
static double deadline, timeout;
static const char *accepted;
static bool is_ready;

static int acquire(void *ctx, double until, struct metrics_input *in)
{
	assert_ptr_equal(ctx, &fixture);
	deadline = until;
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

static const struct pages_source source = { &fixture, acquire, release, ready, NULL };
static struct pages *pages;

static struct pages *new_pages(char *telemetry_path, bool created)
{
	struct web_config web = { .telemetry_path = telemetry_path,
				  .openmetrics_created = created };

	return pages__new(&web, &source);
}

static int set_up(void **state)
{
	log__setup(LOG_ERROR, LOG_LOGFMT);
	fixture__init(&fixture);
	fails = 0;
	timeout = 0;
	accepted = NULL;
	is_ready = true;
	pages = new_pages("/metrics", false);
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
	struct http_request req = {
		.path = path,
		.accept = accepted,
		.timeout = timeout,
		.arrived = monotonic_seconds(),
		.functions = functions,
		.nfunctions = n,
	};
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

/* The reading is to be there half a second before the scraper gives up. */
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
	assert_int_equal(route("/-/healthy")->kind, HTTP_SMALL);
	assert_int_equal(route("/-/ready")->kind, HTTP_SMALL);
}

static void test_probes(void **state)
{
	__cleanup_response struct http_response res = get("/api/v1/probes", NULL, 0);
	__cleanup_buf struct buf rest = { 0 };
	char first[128], *end, *rest_of_end;

	assert_string_equal(res.content_type, "application/json; charset=utf-8");
	snprintf(first, sizeof(first), "{\"version\":\"%s\",\"probes\":[\n", rp_version);
	assert_memory_equal(res.body.data, first, strlen(first));
	/* The last is the time. */
	end = strstr(res.body.data, ",\"time\":");
	assert_non_null(end);
	assert_true(fabs(strtod(end + strlen(",\"time\":"), &rest_of_end) - time(NULL)) < 60);
	assert_string_equal(rest_of_end, "}\n");
	buf__append(&rest, res.body.data + strlen(first), end - res.body.data - strlen(first));
	buf__putc(&rest, '\n');
	golden__check("probes_json.txt", &rest);
}

static void test_probes_empty(void **state)
{
	fixture.in.ntargets = 0;
	fixture.in.nshared = 0;
	__cleanup_response struct http_response res = get("/api/v1/probes", NULL, 0);

	assert_non_null(strstr(res.body.data, "\"probes\":[\n],\"shared_missed\":[],"));
}

/* Label sets are summed; one by one they are told only when the function is asked for. */
static void test_probes_labels(void **state)
{
	static const char *const functions[] = { "vfs_read" };
	static struct snap_detail errnos[] = { { 2, 4 }, { 5, 1 } };
	static uint64_t words[][RP_CELL_BINS + FIXTURE_CELLS] = {
		{ 1, 0, 0, 0, 0, 500000000, 7, 0, 0, 0, 0, 1, 0 },
		{ 0, 2, 0, 0, 0, 250000000, 7, 0, 0, 5, 0, 0, 2 },
	};
	struct label_texts *texts[2];
	struct snap_set sets[2] = {};
	struct snap_target snap = fixture_snaps[0];
	struct capture_label labels[] = { { .name = "comm" }, { .name = "text" } };
	struct capture_spec extra = { .labels = labels, .nlabels = 2, .kernel.max_series = 7 };
	struct target target = fixture_targets[0];

	for (size_t i = 0; i < 2; i++) {
		texts[i] = calloc(1, sizeof(*texts[i]) + 2 * sizeof(char *));
		assert_non_null(texts[i]);
		texts[i]->v[0] = i ? "b" : "a";
		texts[i]->v[1] = "\"</script>\xff";
		sets[i] = (struct snap_set){ .cell.words = words[i], .texts = texts[i] };
	}
	sets[1].cell.details = errnos;
	sets[1].cell.ndetails = ARRAY_SIZE(errnos);
	snap.sets = sets;
	snap.nsets = 2;
	snap.taken = 3;
	snap.free_sets = 100;
	target.capture = &extra;
	fixture.states[0].target = &target;
	fixture.states[0].snap = &snap;
	{
		__cleanup_response struct http_response all = get("/api/v1/probes", NULL, 0),
							one = get("/api/v1/probes", functions, 1);
		const char *total = "\"calls\":54329,\"sum\":123457.539012345,\"buckets\":[0,1,1,"
				    "25,2,300,3,4001,4,50002],\"outcomes\":{\"ok\":{\"0\":21,"
				    "\"positive\":54291,\"negative\":4},\"error\":{\"_other\":1,"
				    "\"ENOENT\":7,\"EIO\":1,\"EACCES\":1,";

		assert_non_null(strstr(all.body.data, total));
		assert_non_null(strstr(one.body.data, total));
		assert_non_null(strstr(all.body.data, "\"label_sets\":3,\"label_sets_limit\":7}"));
		assert_null(strstr(all.body.data, "\"series\""));
		assert_non_null(strstr(one.body.data,
				       "{\"labels\":{\"comm\":\"_other\",\"text\":\"_other\"},"
				       "\"calls\":54321,"));
		assert_non_null(strstr(one.body.data,
				       "{\"labels\":{\"comm\":\"b\",\"text\":\"\\\"</script>\xef"
				       "\xbf\xbd\"},\"calls\":7,\"sum\":0.25,\"buckets\":[1,5,4,2],"
				       "\"outcomes\":{\"ok\":{\"positive\":2},\"error\":{"
				       "\"ENOENT\":4,\"EIO\":1}}}"));
		assert_null(strstr(one.body.data, "\"function\":\"openat\""));
	}
	free(texts[0]);
	free(texts[1]);
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
	/* What is not ours is escaped. */
	assert_non_null(strstr(res.body.data, "nearest: &lt;none&gt; &amp; &quot;others&quot;"));
	assert_non_null(strstr(res.body.data, "/opt/odd &quot;name&quot;\xef\xbf\xbd/lib.so"));

	/* It is what liveness probes ask for, so it is there when the counters are not. */
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
	/* Embedded as they are. */
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

/* Through the server: the routes with their methods, the filter as it is sent, gzip. */
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

/* Only where it is allowed, and with the reason where it fails. */
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

/* The place of a mistake is told, the text is not: it may be a piece of the configuration. */
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
		cmocka_unit_test_setup_teardown(test_metrics, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_formats, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_timeout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_filter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_self, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probes_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probes_labels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_landing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_telemetry_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_served, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reload_place, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
