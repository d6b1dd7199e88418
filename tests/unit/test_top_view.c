/* SPDX-License-Identifier: GPL-2.0-only */
/* The screen of `top` and its keys, without a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "metrics_fixture.h"
#include "top/terminal.h"
#include "top/view.h"

#define ROWS 30

static uint64_t words[RP_CELL_BINS + FIXTURE_CELLS];
static struct target target = { .kind = RP_KIND_ERRNO };
static struct target_state attached = { .target = &target, .attached = true };

static int set_up(void **state)
{
	struct top_rows *rows = calloc(1, sizeof(*rows));

	words[RP_CELL_BINS] = 1;
	rows->v = calloc(ROWS, sizeof(*rows->v));
	rows->n = ROWS;
	rows->seconds = 1;
	rows->layouts.durations = &fixture_layout;
	for (size_t i = 0; i < ROWS; i++)
		rows->v[i] = (struct top_row){ .state = &attached,
					       .name = xasprintf("row%02zu", i),
					       .counted = true,
					       .seconds = 1,
					       .calls = 1,
					       .cell.words = words };
	*state = rows;
	return 0;
}

static int tear_down(void **state)
{
	rows__free(*state);
	return 0;
}

/* Draws, and returns the bright row; fails unless the screen has its height and the last line says
 * something of the keys. */
static const char *draw(struct view *v, const struct top_rows *rows, const char *message,
			struct buf *out)
{
	struct screen screen = { .width = 100, .height = 12, .message = message };
	static char line[128];
	size_t n = 0, starts[16] = {};
	int bright[2];

	out->len = 0;
	view__draw(v, rows, &screen, out, bright);
	for (const char *p = buf__str(out); *p; p = strchr(p, '\n') + 1) {
		assert_true(n < ARRAY_SIZE(starts));
		assert_true(strcspn(p, "\n") <= screen.width);
		starts[n++] = p - out->data;
	}
	assert_int_equal(n, screen.height);
	assert_non_null(strstr(out->data + starts[n - 1], "q quit")
				?: strstr(out->data + starts[n - 1], "Esc"));
	if (message)
		assert_memory_equal(out->data + starts[n - 2], message, strlen(message));
	if (bright[1] < 0)
		return "";
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(out->data + starts[bright[1]], "\n"),
		 out->data + starts[bright[1]]);
	return strstr(line, "row");
}

static void test_selection(void **state)
{
	__cleanup_buf struct buf out = {};
	struct top_rows *rows = *state;
	struct view v = {};

	assert_string_equal(draw(&v, rows, NULL, &out), "row00");
	assert_int_equal(v.page, 9);
	view__key(&v, KEY_UP, rows);
	assert_string_equal(draw(&v, rows, NULL, &out), "row00");
	view__key(&v, KEY_DOWN, rows);
	view__key(&v, 'j', rows);
	assert_string_equal(draw(&v, rows, NULL, &out), "row02");
	view__key(&v, KEY_PAGE_DOWN, rows);
	assert_string_equal(draw(&v, rows, NULL, &out), "row11");
	view__key(&v, 'k', rows);
	view__key(&v, KEY_END, rows);
	assert_string_equal(draw(&v, rows, NULL, &out), "row29");
	assert_non_null(strstr(out.data, "row21"));
	assert_null(strstr(out.data, "row20"));
	view__key(&v, KEY_DOWN, rows);
	assert_string_equal(draw(&v, rows, "level=warn msg=\"x\"", &out), "row29");
	view__key(&v, KEY_PAGE_UP, rows);
	assert_string_equal(draw(&v, rows, NULL, &out), "row21");
	view__key(&v, KEY_HOME, rows);
	assert_string_equal(draw(&v, rows, NULL, &out), "row00");
	/* It stays with its row when the order changes, and if rows are gone. */
	view__key(&v, KEY_DOWN, rows);
	rows__sort(rows, TOP_FUNCTION, true);
	assert_string_equal(draw(&v, rows, NULL, &out), "row01");
	rows->n = 5;
	assert_string_equal(draw(&v, rows, NULL, &out), "row29");
	rows->n = 0;
	draw(&v, rows, NULL, &out);
	view__key(&v, KEY_DOWN, rows);
	view__key(&v, KEY_ENTER, rows);
	assert_false(v.opened);
	rows->n = ROWS;
	view__free(&v);
}

static void test_histogram(void **state)
{
	__cleanup_buf struct buf out = {};
	struct top_rows *rows = *state;
	struct view v = {};

	view__key(&v, KEY_DOWN, rows);
	view__key(&v, KEY_ENTER, rows);
	assert_true(v.opened);
	draw(&v, rows, NULL, &out);
	assert_non_null(strstr(out.data, "\nrow01\n"));
	assert_non_null(strstr(out.data, "1 us                1 |**"));
	/* Scrolling ends at the last line. */
	view__key(&v, KEY_END, rows);
	draw(&v, rows, NULL, &out);
	assert_int_equal(v.top, 0);
	/* The row is gone, and comes back. */
	rows->n = 1;
	draw(&v, rows, NULL, &out);
	assert_non_null(strstr(out.data, "\nrow01\n    no calls\n"));
	rows->n = ROWS;
	view__key(&v, 'q', rows);
	assert_false(v.opened);
	assert_false(v.quit);
	assert_string_equal(draw(&v, rows, NULL, &out), "row01");
	view__key(&v, KEY_BACK, rows);
	assert_false(v.quit);
	view__key(&v, 'q', rows);
	assert_true(v.quit);
	view__free(&v);
}

static void test_samples(void **state)
{
	static struct sample_name name = { "vmlinux", "vfs_read", NULL };
	struct sample_report v[20];
	struct samples_report report = { v, ARRAY_SIZE(v) };
	__cleanup_buf struct buf out = {};
	struct top_rows *rows = *state;
	struct view view = {};

	for (size_t i = 0; i < report.n; i++)
		v[i] = (struct sample_report){
			.number = 20 - i, .pid = 1000 + i, .names = &name, .nnames = 1, .value = "0"
		};
	view__key(&view, KEY_DOWN, rows);
	view__key(&view, 's', rows);
	draw(&view, rows, NULL, &out);
	assert_non_null(strstr(buf__str(&out), "no function is sampled; start top with --sample"));
	rows->v[1].sampled = true;
	draw(&view, rows, NULL, &out);
	assert_non_null(strstr(buf__str(&out), "no call has been sampled\n"));
	rows->samples = &report;
	draw(&view, rows, NULL, &out);
	assert_non_null(strstr(buf__str(&out), "samples, the newest first\n"));
	assert_non_null(strstr(out.data, " 1000  vfs_read\n"));
	view__key(&view, KEY_DOWN, rows);
	draw(&view, rows, NULL, &out);
	assert_null(strstr(buf__str(&out), "duration"));
	view__key(&view, KEY_END, rows);
	draw(&view, rows, "level=warn", &out);
	assert_non_null(strstr(buf__str(&out), " 1019  vfs_read\n"));
	view__key(&view, 's', rows);
	assert_string_equal(draw(&view, rows, NULL, &out), "row01");
	view__free(&view);
}

static void test_order(void **state)
{
	static const char keys[] = "cem59itf";
	__cleanup_buf struct buf out = {};
	struct top_rows *rows = *state;
	struct view v = { .sort = TOP_TIME };

	for (int c = 0; c < TOP_COLUMNS; c++) {
		view__key(&v, keys[c], rows);
		assert_int_equal(v.sort, c);
	}
	view__key(&v, 'r', rows);
	assert_true(v.reverse);
	draw(&v, rows, NULL, &out);
	assert_non_null(strstr(out.data, "last 1.0 s  by function, reversed\n"));
	view__key(&v, 'w', rows);
	draw(&v, rows, NULL, &out);
	assert_non_null(strstr(out.data, "since the start: 1.0 s"));
	view__key(&v, 'z', rows);
	view__key(&v, KEY_NONE, rows);
	assert_int_equal(v.sort, TOP_FUNCTION);
	view__free(&v);
}

static void test_keys(void **state)
{
	static const struct {
		const char *data;
		unsigned key;
		size_t used;
	} cases[] = {
		{ "q", 'q', 1 },
		{ "\033[A", KEY_UP, 3 },
		{ "\033OB\033OB", KEY_DOWN, 3 },
		{ "\033[6~j", KEY_PAGE_DOWN, 4 },
		{ "\r", KEY_ENTER, 1 },
		{ "\033", KEY_BACK, 1 },
		{ "\033q", KEY_BACK, 1 },
		{ "\033[200~q", KEY_NONE, 6 },
		{ "\033[1;5C", KEY_NONE, 6 },
		{ "\033[", KEY_NONE, 2 },
		{ "\177", KEY_BACK, 1 },
		{ "\xc3\xa4", 0xc3, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t used = 0;

		assert_int_equal(terminal__parse_key(cases[i].data, strlen(cases[i].data), &used),
				 cases[i].key);
		assert_int_equal(used, cases[i].used);
	}
}

static void test_compose(void **state)
{
	__cleanup_buf struct buf out = {};

	terminal__compose("a\nb\nc\n", (int[]){ 1, -1 }, &out);
	assert_string_equal(buf__str(&out),
			    "\033[Ha\033[K\r\n\033[7mb\033[K\033[0m\r\nc\033[K\033[J");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_selection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_histogram, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_samples, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_compose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
