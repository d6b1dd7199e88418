/* SPDX-License-Identifier: GPL-2.0-only */
/* What the exporter counts of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/self.h"
#include "base/util.h"
#include "base/version.h"

#include <pthread.h>

static uint64_t requests_of(int code)
{
	struct self s;

	self__read(&s);
	for (size_t i = 0; i < s.nrequests; i++) {
		if (i)
			assert_true(s.requests[i - 1].code < s.requests[i].code);
		if (s.requests[i].code == code)
			return s.requests[i].count;
	}
	return UINT64_MAX;
}

static void *count_many(void *arg)
{
	for (int i = 0; i < 1000; i++)
		self__count_request(200 + i % 4);
	return NULL;
}

static void test_requests(void **state)
{
	pthread_t threads[4];

	assert_int_equal(requests_of(200), 0);
	assert_int_equal(requests_of(500), 0);
	assert_int_equal(requests_of(503), 0);
	assert_int_equal(requests_of(404), UINT64_MAX);
	self__count_request(404);
	assert_int_equal(requests_of(404), 1);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	for (int code = 200; code < 204; code++)
		assert_int_equal(requests_of(code), 1000);
	for (int code = 600; code < 700; code++)
		self__count_request(code);
	assert_int_equal(requests_of(503), 0);
}

static void test_process(void **state)
{
	double now = now_seconds();
	struct self s;
	FILE *held;

	self__read(&s);
	assert_string_equal(s.version, rp_version);
	assert_true(s.libbpf[0] >= '0' && s.libbpf[0] <= '9');
	assert_true(s.has_process);
	assert_true(s.process.start_time > now - 3600 && s.process.start_time < now + 5);
	assert_true(s.process.resident_bytes > 4096 &&
		    s.process.resident_bytes < s.process.virtual_bytes);
	assert_int_equal(s.process.threads, 1);
	assert_true(s.process.max_fds > s.process.open_fds);

	uint64_t before = s.process.open_fds;

	held = fopen("/dev/null", "re");
	assert_non_null(held);
	self__read(&s);
	assert_int_equal(s.process.open_fds, before + 1);
	fclose(held);
}

static void test_notes(void **state)
{
	struct self s;

	self__read(&s);
	assert_false(s.has_scrape);
	assert_false(s.reload_ok);
	self__note_scrape(0.5);
	self__note_reload(true);
	self__read(&s);
	assert_true(s.has_scrape && s.last_scrape_seconds == 0.5);
	assert_true(s.reload_ok);

	double when = s.reload_time;

	assert_true(when > 0);
	self__note_reload(false);
	self__read(&s);
	assert_false(s.reload_ok);
	assert_true(s.reload_time == when);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
