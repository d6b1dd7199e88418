/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages over the readings of metrics_fixture.h, and requests to them. */
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "http/http.h"
#include "metrics_fixture.h"
#include "pages/pages.h"

static struct fixture fixture;
static int acquired, fails;
static double deadline, timeout;
static const char *accepted, *limit;
static bool is_ready;

static inline int acquire(void *ctx, double until, struct metrics_input *in)
{
	assert_ptr_equal(ctx, &fixture);
	deadline = until;
	if (fails)
		return fails;
	acquired++;
	*in = fixture.in;
	return 0;
}

static inline void release(void *ctx, struct metrics_input *in)
{
	assert_ptr_equal(ctx, &fixture);
	acquired--;
}

static inline bool ready(void *ctx)
{
	assert_ptr_equal(ctx, &fixture);
	return is_ready;
}

/* Of the answer of calls(). */
static struct buf calls_report;

static inline int calls(void *ctx, struct buf *out)
{
	assert_ptr_equal(ctx, &fixture);
	buf__append(out, calls_report.data, calls_report.len);
	return fails;
}

/* Of the answer of samples(). */
static struct buf samples_report;

static inline int samples(void *ctx, struct buf *out)
{
	assert_ptr_equal(ctx, &fixture);
	buf__append(out, samples_report.data, samples_report.len);
	return fails;
}

static const struct pages_source source = {
	.ctx = &fixture,
	.acquire = acquire,
	.release = release,
	.ready = ready,
	.calls = calls,
	.samples = samples,
};
static struct pages *pages;

static inline struct pages *new_pages(char *telemetry_path, bool created)
{
	struct web_config web = { .telemetry_path = telemetry_path,
				  .openmetrics_created = created };

	return pages__new(&web, &source);
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
	pages__free(pages);
	assert_int_equal(acquired, 0);
	return 0;
}

static inline const struct http_route *route(const char *path)
{
	for (const struct http_route *r = pages__routes(pages); r->path; r++)
		if (!strcmp(r->path, path))
			return r;
	return NULL;
}

static inline void free_response(struct http_response *res)
{
	buf__free(&res->body);
}

#define __cleanup_response __attribute__((cleanup(free_response)))

static inline struct http_response get(const char *path, const char *const *functions, size_t n)
{
	struct http_request req = {
		.path = path,
		.accept = accepted,
		.timeout = timeout,
		.arrived = monotonic_seconds(),
		.functions = functions,
		.nfunctions = n,
		.limit = limit,
	};
	struct http_response res = { .code = 200, .content_type = "text/plain; charset=utf-8" };

	assert_non_null(route(path));
	route(path)->handle(pages, &req, &res);
	assert_non_null(buf__str(&res.body));
	return res;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
