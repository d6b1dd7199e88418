/* SPDX-License-Identifier: GPL-2.0-only */
/* /api/v1/history: what is kept, and what a server does with what it finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "base/clock.h"
#include "metrics_fixture.h"
#include "pages/history.h"

#define NOTHING "{\"records\":[\n]}\n"

static struct fixture fixture;
static struct history *history;
static int memory;

static int set_up(void **state)
{
	fixture__init(&fixture);
	memory = history__new_memory();
	assert_true(memory >= 0);
	history = history__join(dup(memory));
	assert_non_null(history);
	return 0;
}

static int tear_down(void **state)
{
	history__free(history);
	close(memory);
	return 0;
}

static void make_calls(int row, uint64_t n)
{
	fixture_words[row][RP_CELL_BINS + 1] += n;
}

static size_t count(const struct buf *b, const char *text)
{
	size_t n = 0;

	for (const char *s = b->data; (s = strstr(s, text)); s++)
		n++;
	return n;
}

static void read_history(struct history *h, double now, struct buf *out)
{
	out->len = 0;
	history__write(h, now, out);
	assert_false(out->failed);
	buf__str(out);
}

static void check_nothing(struct history *h, double now)
{
	__cleanup_buf struct buf out = {};

	read_history(h, now, &out);
	assert_string_equal(out.data, NOTHING);
}

static void test_records(void **state)
{
	__cleanup_buf struct buf out = {};

	check_nothing(history, 1000);
	history__record(history, &fixture.in, 1000);
	make_calls(0, 5);
	history__record(history, &fixture.in, 1005); /* too early */
	make_calls(0, 2);
	history__record(history, &fixture.in, 1015);
	history__record(history, &fixture.in, 1030); /* without calls */
	read_history(history, 1040, &out);
	assert_int_equal(count(&out, "{\"time\":"), 3);
	assert_int_equal(count(&out, "\"function\":\"vfs_read\""), 2);
	assert_int_equal(count(&out, "\"function\":\"openat\""), 1);
	assert_int_equal(count(&out, "\"function\":\"malloc\""), 0); /* never called */
	assert_int_equal(count(&out, "\"calls\":54321,"), 1);
	assert_int_equal(count(&out, "\"calls\":54328,"), 1);
	assert_int_equal(count(&out, "\"probes\":[\n\n]}"), 1);
}

/* Of a function that is seldom called, there must be a number from before. */
static void test_full_records(void **state)
{
	__cleanup_buf struct buf out = {};
	double now = 1000;

	for (int i = 0; i < 80; i++, now += 15) {
		make_calls(0, 1);
		history__record(history, &fixture.in, now);
	}
	read_history(history, now, &out);
	assert_in_range(count(&out, "{\"time\":"), 79, 80);
	assert_in_range(count(&out, "\"function\":\"openat\""), 3, 4);
}

static void test_old_records(void **state)
{
	history__record(history, &fixture.in, 1000);
	check_nothing(history, 1000 + HISTORY_SECONDS);
	/* The clock was set back. */
	check_nothing(history, 900);
	history__record(history, &fixture.in, 900);
	history__record(history, &fixture.in, 905);
	__cleanup_buf struct buf out = {};

	read_history(history, 910, &out);
	assert_int_equal(count(&out, "{\"time\":"), 1);
}

static void test_next_server(void **state)
{
	struct history *next = history__join(dup(memory));
	__cleanup_buf struct buf out = {};

	history__record(history, &fixture.in, 1000);
	history__free(history);
	history = next;
	history__record(history, &fixture.in, 1001);
	read_history(history, 1010, &out);
	assert_int_equal(count(&out, "{\"time\":"), 2);
}

static void test_full_ring(void **state)
{
	__cleanup_buf struct buf out = {};
	double now = 1000;

	for (int i = 0; i < 12000; i++, now += 20) {
		for (int row = 0; row < 6; row++)
			make_calls(row, 1);
		history__record(history, &fixture.in, now);
	}
	read_history(history, now, &out);
	assert_in_range(count(&out, "{\"time\":"), HISTORY_SECONDS / 20 - 1, HISTORY_SECONDS / 20);
	assert_int_equal(count(&out, "\"function\":\"openat\""), count(&out, "{\"time\":"));
}

/* What another server may have left there. */
static void test_broken(void **state)
{
	static const struct {
		size_t word;
		uint64_t value;
	} faults[] = {
		{ 0, 1 },	       /* the magic number */
		{ 2, UINT64_MAX },     /* begin */
		{ 3, UINT64_MAX / 2 }, /* end */
		{ 3, 20 },	       /* in the middle of the first record */
		{ 4, UINT64_MAX },     /* its length */
		{ 4, UINT64_MAX - 15 },
		{ 4, 1 },
	};
	uint64_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	assert_true(words != MAP_FAILED);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		__cleanup_buf struct buf out = {};

		history__free(history);
		words[0] = 0;
		history = history__join(dup(memory));
		history__record(history, &fixture.in, 1000);
		history__free(history);
		words[faults[i].word] = faults[i].value;
		history = history__join(dup(memory));
		check_nothing(history, 1010);
		history__record(history, &fixture.in, 1015);
		read_history(history, 1020, &out);
		assert_int_equal(count(&out, "{\"time\":"), 1);
	}
	munmap(words, 4096);
}

/* A server that was killed while it wrote does not lock others out, and one that writes is not
 * waited for. */
static void test_busy(void **state)
{
	uint64_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	uint64_t now = (uint64_t)(monotonic_seconds() * 1e9);
	__cleanup_buf struct buf out = {};

	assert_true(words != MAP_FAILED);
	words[1] = now;
	history__record(history, &fixture.in, 1000);
	words[1] = 0;
	check_nothing(history, 1010);
	words[1] = 1;
	history__record(history, &fixture.in, 1000);
	read_history(history, 1010, &out);
	assert_int_equal(count(&out, "{\"time\":"), 1);
	munmap(words, 4096);
}

static void test_none(void **state)
{
	struct history *none = history__join(-1);

	assert_null(none);
	history__record(none, &fixture.in, 1000);
	check_nothing(none, 1010);
	history__free(none);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_next_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_ring, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
