/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples in the tables of `top`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr/capture.h"
#include "metrics_fixture.h"
#include "top/json.h"
#include "top/samples.h"

static struct target target = { .object = "vmlinux",
				.function = "vfs_read",
				.kind = RP_KIND_ERRNO };
static struct target_state attached = {
	.target = &target, .object = "vmlinux", .function = "vfs_read", .attached = true
};

static struct sample_name vfs_read = { "vmlinux", "vfs_read", NULL },
			  cat_main = { "/bin/a b/cat", "main", NULL };
static struct sample_label cat = { "comm", "cat" }, dog = { "comm", "dog" };
static struct sample_report samples[] = {
	{ .number = 3,
	  .time = 1700000000.25,
	  .ns = 153000000,
	  .pid = 42,
	  .comm = "cat\033[2J",
	  .outcome = "error",
	  .value = "ENOENT",
	  .has_ret = true,
	  .is_signed = true,
	  .ret = -2ULL,
	  .names = &vfs_read,
	  .nnames = 1,
	  .labels = &cat,
	  .nlabels = 1,
	  .stack = "io_schedule+0x46\nvfs_read+0x1 [ext4]",
	  .user_stack = "operator+(int)+0x1c [/lib/x]\n0x12 [/lib/y]" },
	{ .number = 2,
	  .ns = RP_SAMPLE_UNKNOWN,
	  .outcome = "ok",
	  .value = "positive",
	  .has_ret = true,
	  .ret = 1ULL << 63,
	  .names = &cat_main,
	  .nnames = 1 },
	{ .number = 1,
	  .ns = 1,
	  .outcome = "null",
	  .value = "NULL",
	  .names = &vfs_read,
	  .nnames = 1,
	  .labels = &dog,
	  .nlabels = 1 },
};

/* Without the time of day, which depends on the time zone. */
static const char *line_of(const struct sample_report *s, struct buf *out)
{
	out->len = 0;
	top_samples__line(out, s, 0);
	return strchr(buf__str(out), '.');
}

static void test_line(void **state)
{
	__cleanup_buf struct buf out = {};

	assert_string_equal(line_of(&samples[0], &out),
			    ".250     153 ms  ENOENT            cat\\u001b[2J          42  "
			    "vfs_read{comm=\"cat\"}: io_schedule < vfs_read < operator+(int) < "
			    "0x12 [/lib/y]\n");
	assert_string_equal(line_of(&samples[1], &out),
			    ".000          -  9223372036854775808  ?                      0  "
			    "cat:main\n");
	out.len = 0;
	top_samples__line(&out, &samples[0], 20);
	assert_int_equal(out.len, 21);
}

/* Of a function, or of one of its label sets. */
static void test_row(void **state)
{
	struct samples_report report = { samples, ARRAY_SIZE(samples) };
	struct label_texts *texts = calloc(1, sizeof(*texts) + sizeof(char *));
	struct top_row row = {
		.state = &attached, .sampled = true, .samples = 1, .dropped = { [RP_DROP_RATE] = 4 }
	};
	struct top_row set = { .state = &attached, .is_set = true, .texts = texts };
	struct top_rows rows = { .samples = &report };
	__cleanup_buf struct buf out = {}, of_set = {};

	texts->refs = texts->n = 1;
	texts->v[0] = strdup("dog");
	top_samples__of_row(&out, &rows, &row, 0);
	assert_non_null(strstr(buf__str(&out), "    1 sample, 4 dropped (rate)\n"));
	assert_non_null(strstr(out.data, "io_schedule"));
	assert_non_null(strstr(out.data, "{comm=\"dog\"}"));
	assert_null(strstr(out.data, "main"));
	top_samples__of_row(&of_set, &rows, &set, 0);
	assert_null(strstr(buf__str(&of_set), "dropped"));
	assert_null(strstr(of_set.data, "io_schedule"));
	assert_non_null(strstr(of_set.data, "{comm=\"dog\"}"));
	label_texts__unref(texts);
}

/* Those between two readings. */
static void test_counts(void **state)
{
	static uint64_t words[RP_CELL_BINS + FIXTURE_CELLS];
	const struct top_layouts layouts = { &fixture_layout, &fixture_layout };
	struct snap_target snap = { .cell.words = words };
	struct reading_function a = { .object = "vmlinux",
				      .function = "vfs_read",
				      .snap = &snap,
				      .sampled = true,
				      .state = &attached },
				b = a;
	struct reading before = { .at = 1, .v = &a, .n = 1 }, now = { .at = 2, .v = &b, .n = 1 };
	__cleanup_buf struct buf json = {};
	struct top_rows *rows;

	a.sampling = (struct rp_sampling){ .samples = 5, .dropped = { [RP_DROP_FULL] = 1 } };
	b.sampling = (struct rp_sampling){ .samples = 8, .dropped = { [RP_DROP_FULL] = 3 } };
	rows = rows__between(&before, &now, &layouts);
	assert_int_equal(rows->v[0].samples, 3);
	assert_int_equal(rows->v[0].dropped[RP_DROP_FULL], 2);
	top_json__print(&json, rows);
	assert_non_null(strstr(buf__str(&json),
			       ",\"samples\":3,\"samples_dropped\":2,\"newest_samples\":[]"));
	rows__free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
