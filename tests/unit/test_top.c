/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of `top`: differences between readings, quantiles, order, and what terminals get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr/capture.h"
#include "golden.h"
#include "metrics_fixture.h"
#include "top/figures.h"
#include "top/histogram.h"
#include "top/json.h"
#include "top/table.h"

static const struct top_layouts layouts = { &fixture_layout, &fixture_layout };

#define WORDS (RP_CELL_BINS + FIXTURE_CELLS)

/* A cell with calls in the bins that returned 0, and errors of the errnos. */
struct counted {
	uint64_t words[WORDS];
	struct snap_value values[4];
	struct snap_cell cell;
};

static struct snap_cell *count(struct counted *c, const uint64_t bins[FIXTURE_CELLS],
			       uint64_t sum_ns, size_t nvalues, const struct snap_value *values)
{
	*c = (struct counted){ .words[RP_CELL_SUM] = sum_ns };
	for (int i = 0; i < FIXTURE_CELLS; i++) {
		c->words[RP_CELL_BINS + i] = bins[i];
		c->words[RP_CELL_CLASS + RP_CLASS_ZERO] += bins[i];
	}
	for (size_t i = 0; i < nvalues; i++) {
		c->values[i] = values[i];
		c->words[RP_CELL_CLASS + RP_CLASS_ZERO] -= values[i].count;
	}
	c->cell = (struct snap_cell){ c->words, NULL, c->values, nvalues };
	return &c->cell;
}

static struct label_texts *texts_of(const char *text)
{
	struct label_texts *t = calloc(1, sizeof(*t) + sizeof(char *));

	assert_non_null(t);
	t->refs = 1;
	t->n = 1;
	t->v[0] = strdup(text);
	return t;
}

static struct target_state state_of(const struct target *t)
{
	return (struct target_state){ .target = t,
				      .object = t->object,
				      .function = t->function,
				      .attached = t->reason == REASON_NONE,
				      .mechanism = "kretprobe",
				      .created = 1000 };
}

static struct reading_function function_of(const struct target_state *st,
					   const struct snap_target *snap)
{
	return (struct reading_function){
		.type = st->target->type,
		.object = (char *)st->object,
		.function = (char *)st->function,
		.created = st->created,
		.snap = snap,
		.state = st,
	};
}

/* ---- quantiles ------------------------------------------------------------------------------- */

static void test_quantiles(void **state)
{
	static const struct {
		uint64_t bins[FIXTURE_CELLS];
		double q;
		bool known, unbounded;
		uint64_t above, most;
	} cases[] = {
		{ { 0, 0, 0, 0, 0 }, 0.5, false, false, 0, 0 },
		{ { 1, 0, 0, 0, 0 }, 0.5, true, false, 0, 1000 },
		{ { 1, 1, 0, 0, 0 }, 0.5, true, false, 0, 1000 },
		{ { 1, 2, 0, 0, 0 }, 0.5, true, false, 1000, 2000 },
		{ { 0, 0, 99, 1, 0 }, 0.99, true, false, 2000, 2500000 },
		{ { 0, 0, 98, 2, 0 }, 0.99, true, false, 2500000, 1000000000 },
		{ { 0, 0, 0, 0, 3 }, 0.5, true, true, 1000000000, 0 },
		{ { 98, 0, 0, 0, 2 }, 0.99, true, true, 1000000000, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct top_quantile q = rows__quantile(cases[i].bins, &fixture_layout, cases[i].q);

		assert_int_equal(q.known, cases[i].known);
		assert_int_equal(q.unbounded, cases[i].unbounded);
		assert_int_equal(q.above, cases[i].above);
		assert_int_equal(q.most, cases[i].most);
	}
}

static void test_figures(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} durations[] = {
		{ 0, "0 ns" },
		{ 1, "1 ns" },
		{ 250, "250 ns" },
		{ 999, "999 ns" },
		{ 1000, "1 us" },
		{ 2500, "2.5 us" },
		{ 2501, "2.51 us" },
		{ 12341, "12.4 us" },
		{ 100001, "101 us" },
		{ 999001, "1 ms" },
		{ 2102240, "2.11 ms" },
		{ 1000000000, "1 s" },
		{ 10000000001, "10.1 s" },
		{ 1024000000000, "1024 s" },
	};
	static const struct {
		double v;
		const char *text;
	} rates[] = {
		{ 0, "0" },	     { 0.0001, "<0.001" },     { 0.0125, "0.0125" },
		{ 3.14159, "3.14" }, { 512.3, "512" },	       { 999.9, "1000" },
		{ 1000, "1000" },    { 1234567.8, "1234568" },
	};
	char text[FIGURE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		figure__at_most(text, durations[i].ns);
		assert_string_equal(text, durations[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		figure__rate(text, rates[i].v);
		assert_string_equal(text, rates[i].text);
	}
	figure__quantile(text, &(struct top_quantile){});
	assert_string_equal(text, "-");
	figure__quantile(text,
			 &(struct top_quantile){ .known = true, .above = 1000, .most = 2001 });
	assert_string_equal(text, "2.01 us");
	/* A lower bound is rounded down. */
	figure__quantile(text,
			 &(struct top_quantile){ .known = true, .unbounded = true, .above = 2019 });
	assert_string_equal(text, "> 2.01 us");
}

/* ---- differences ----------------------------------------------------------------------------- */

static void test_difference(void **state)
{
	static const struct snap_value older_values[] = { { 2, 3, 0 } },
				       newer_values[] = { { 2, 4, 0 }, { 13, 1, 0 } };
	struct target_state st = state_of(&fixture_targets[0]);
	struct counted older, newer;
	struct snap_target was = { .cell = *count(&older, (uint64_t[]){ 10, 0, 0, 0, 0 }, 5000, 1,
						  older_values) },
			   is = { .cell = *count(&newer, (uint64_t[]){ 10, 20, 0, 0, 0 }, 35000, 2,
						 newer_values) };
	struct reading_function a = function_of(&st, &was), b = function_of(&st, &is);
	struct reading before = { .at = 10, .v = &a, .n = 1 },
		       now = { .at = 14, .clock = 2000, .v = &b, .n = 1 };
	struct top_rows *rows;

	a.missed[MISSED_DEPTH] = 1;
	b.missed[MISSED_DEPTH] = 3;
	b.in_flight = (struct in_flight_target){ .known = 1, .calls = 5 };
	now.programs[0] = (struct missed_program){ .shared = 1, .missed = { 7 } };
	before.programs[0] = (struct missed_program){ .shared = 1, .missed = { 5 } };
	rows = rows__between(&before, &now, &layouts);
	assert_int_equal(rows->n, 1);
	assert_string_equal(rows->v[0].name, "vfs_read");
	assert_int_equal(rows->v[0].calls, 20);
	assert_int_equal(rows->v[0].errors, 2);
	assert_int_equal(rows->v[0].all_missed, 2);
	assert_int_equal(rows->v[0].in_flight, 5);
	assert_true(rows->v[0].seconds == 4 && rows->v[0].time == 30e-6);
	assert_int_equal(rows->v[0].p50.most, 2000);
	assert_int_equal(rows->v[0].cell.nvalues, 2);
	assert_int_equal(rows->v[0].cell.values[0].count, 1);
	assert_int_equal(rows->v[0].cell.values[1].value, 13);
	assert_int_equal(rows->shared_missed, 2);
	rows__free(rows);

	/* Attached again in between: the counters began at 0, one second ago. */
	b.created = 1999;
	rows = rows__between(&before, &now, &layouts);
	assert_int_equal(rows->v[0].calls, 30);
	assert_true(rows->v[0].seconds == 1);
	rows__free(rows);

	/* Gone in between. */
	b.snap = NULL;
	rows = rows__between(&before, &now, &layouts);
	assert_int_equal(rows->v[0].calls, 0);
	assert_false(rows->v[0].counted);
	rows__free(rows);
}

/* Sets "a" and "b", of which "a" is folded into _other in between. "c" is new, and "b" has moved.
 */
static void test_label_sets(void **state)
{
	struct capture_label label = { .name = "comm" };
	struct capture_spec spec = { .labels = &label, .nlabels = 1 };
	struct target target = fixture_targets[0];
	struct target_state st = state_of(&target);
	struct label_texts *texts[] = { texts_of("a"), texts_of("b"), texts_of("\033[31mc\"\n") };
	struct counted c[6];
	struct snap_set old[] = {
		{ .cell = *count(&c[0], (uint64_t[]){ 5, 0, 0, 0, 0 }, 0, 0, NULL), .texts = texts[0] },
		{ .cell = *count(&c[1], (uint64_t[]){ 7, 0, 0, 0, 0 }, 0, 0, NULL), .texts = texts[1] },
	}, new[] = {
		{ .cell = *count(&c[2], (uint64_t[]){ 3, 0, 0, 0, 0 }, 0, 0, NULL), .texts = texts[2] },
		{ .cell = *count(&c[3], (uint64_t[]){ 9, 0, 0, 0, 0 }, 0, 0, NULL), .texts = texts[1] },
	};
	struct snap_target was = { .cell = *count(&c[4], (uint64_t[]){ 1, 0, 0, 0, 0 }, 0, 0, NULL),
				   .sets = old,
				   .nsets = 2 },
			   is = { .cell = *count(&c[5], (uint64_t[]){ 10, 0, 0, 0, 0 }, 0, 0, NULL),
				  .sets = new,
				  .nsets = 2 };
	struct reading_function a = function_of(&st, &was), b = function_of(&st, &is);
	struct reading before = { .at = 10, .v = &a, .n = 1 }, now = { .at = 11, .v = &b, .n = 1 };
	__cleanup_buf struct buf json = {};
	struct top_rows *rows;

	target.capture = &spec;
	rows = rows__between(&before, &now, &layouts);
	rows__sort(rows, TOP_CALLS, false);
	assert_int_equal(rows->n, 4);
	assert_int_equal(rows->v[0].calls, 22 - 13);
	assert_string_equal(rows->v[0].name, "vfs_read");
	assert_int_equal(rows->v[1].calls, 10 - 1 - 5);
	assert_string_equal(rows->v[1].name, "vfs_read{comm=\"_other\"}");
	assert_int_equal(rows->v[2].calls, 3);
	assert_string_equal(rows->v[2].name, "vfs_read{comm=\"\\u001b[31mc\"\\n\"}");
	assert_int_equal(rows->v[3].calls, 2);
	assert_true(rows->v[3].is_set);
	top_json__print(&json, rows);
	assert_non_null(strstr(buf__str(&json), "\"label_sets\":[{\"labels\":{\"comm\":\"_other\"},"
						"\"calls\":4,"));
	assert_non_null(
		strstr(json.data, "{\"labels\":{\"comm\":\"\\u001b[31mc\\\"\\n\"},\"calls\":3,"));
	rows__free(rows);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		label_texts__unref(texts[i]);
}

/* Of the size that a function returns, and of an observed value. */
static void test_integers(void **state)
{
	enum { HIST_WORDS = RP_HIST_GRID + FIXTURE_CELLS };
	uint64_t older[2 * HIST_WORDS] = { 10, 0, 0, 1 },
			   newer[2 * HIST_WORDS] = { 5010, 0, 0, 1, 0, 2, [HIST_WORDS] = 7, 3, 1 };
	struct capture_spec spec = { .nhistograms = 2, .kernel.nobserved = 1, .observed = { "n" } };
	struct target target = fixture_targets[0];
	struct target_state st = state_of(&target);
	struct counted a, b;
	struct snap_target was = { .cell = *count(&a, (uint64_t[]){ 1, 0, 0, 0, 0 }, 0, 0, NULL) },
			   is = { .cell = *count(&b, (uint64_t[]){ 3, 0, 0, 0, 0 }, 0, 0, NULL) };
	struct reading_function f = function_of(&st, &was), g = function_of(&st, &is);
	struct reading before = { .at = 1, .v = &f, .n = 1, .hist_words = HIST_WORDS },
		       now = { .at = 2, .v = &g, .n = 1, .hist_words = HIST_WORDS };
	__cleanup_buf struct buf text = {}, json = {};
	struct top_rows *rows;

	target.kind = RP_KIND_SIZE;
	target.capture = &spec;
	was.cell.hists = older;
	is.cell.hists = newer;
	rows = rows__between(&before, &now, &layouts);
	histogram__print(&text, rows, &rows->v[0], 80);
	assert_non_null(strstr(buf__str(&text), "returned size            calls\n"));
	assert_non_null(strstr(text.data, "\n    n: 3 unreadable, 1 out of range\n"));
	top_json__print(&json, rows);
	assert_non_null(strstr(buf__str(&json),
			       ",\"integers\":[{\"name\":null,\"sum\":5000,\"unreadable\":0,"
			       "\"out_of_range\":0,\"histogram\":[[0.0025,2]]},"
			       "{\"name\":\"n\",\"sum\":7,\"unreadable\":3,\"out_of_range\":1,"
			       "\"histogram\":[]}]"));
	rows__free(rows);
}

/* ---- order ----------------------------------------------------------------------------------- */

static const char *order(struct top_rows *rows, enum top_column column, bool reverse)
{
	static char names[64];

	rows__sort(rows, column, reverse);
	*names = '\0';
	for (size_t i = 0; i < rows->n; i++)
		strcat(names, rows->v[i].name);
	return names;
}

static void test_order(void **state)
{
	struct top_row v[] = {
		{ .name = "a",
		  .counted = true,
		  .seconds = 1,
		  .calls = 5,
		  .errors = 1,
		  .time = 0.5,
		  .p99 = { .known = true, .above = 10 } },
		{ .name = "b",
		  .counted = true,
		  .seconds = 1,
		  .calls = 7,
		  .errors = 1,
		  .time = -1,
		  .has_in_flight = true,
		  .in_flight = 0 },
		{ .name = "c",
		  .counted = true,
		  .seconds = 10,
		  .calls = 8,
		  .time = 1,
		  .all_missed = 1,
		  .p99 = { .known = true, .above = 20 } },
		{ .name = "d" },
	};
	struct top_rows rows = { .v = v, .n = ARRAY_SIZE(v) };

	assert_string_equal(order(&rows, TOP_CALLS, false), "bacd");
	assert_string_equal(order(&rows, TOP_CALLS, true), "cabd");
	assert_string_equal(order(&rows, TOP_ERRORS, false), "abcd");
	assert_string_equal(order(&rows, TOP_MISSED, false), "cabd");
	assert_string_equal(order(&rows, TOP_P99, false), "cabd");
	assert_string_equal(order(&rows, TOP_P99, true), "acbd");
	assert_string_equal(order(&rows, TOP_IN_FLIGHT, false), "bacd");
	assert_string_equal(order(&rows, TOP_TIME, false), "acbd");
	assert_string_equal(order(&rows, TOP_FUNCTION, false), "abcd");
	assert_string_equal(order(&rows, TOP_FUNCTION, true), "dcba");
}

/* ---- texts ----------------------------------------------------------------------------------- */

static struct top_rows *fixture_rows(struct fixture *f, struct reading *now)
{
	static struct reading_function functions[FIXTURE_TARGETS];
	static struct reading before;

	fixture__init(f);
	for (size_t i = 0; i < FIXTURE_TARGETS; i++) {
		functions[i] = function_of(&f->states[i], f->states[i].snap);
		if (i < FIXTURE_IDS) {
			memcpy(functions[i].missed, fixture_losses[i].missed,
			       sizeof(functions[i].missed));
			functions[i].in_flight = fixture_in_flight[i];
		}
	}
	before = (struct reading){ .at = 0 };
	*now = (struct reading){
		.at = 2, .clock = 1700000100, .v = functions, .n = FIXTURE_TARGETS
	};
	memcpy(now->programs, fixture_programs, sizeof(now->programs));
	return rows__between(&before, now, &layouts);
}

/* Functions without calls are shown if they are few, and files without their directory if the width
 * is limited. */
static void test_quiet(void **state)
{
	struct target target = { .type = TARGET_USER,
				 .object = "/opt/a b/lib.so",
				 .function = "f",
				 .kind = RP_KIND_ERRNO };
	struct target_state st = state_of(&target);
	struct counted c;
	struct snap_target snap = { .cell = *count(&c, (uint64_t[]){ 0, 0, 0, 0, 0 }, 0, 0, NULL) };
	struct reading_function v[11];
	struct reading now = { .clock = 2000, .v = v, .n = 10 };
	struct top_rows *rows;
	__cleanup_buf struct buf few = {}, many = {}, line = {};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = function_of(&st, &snap);
	rows = rows__between(NULL, &now, &layouts);
	table__plain(&few, rows);
	assert_non_null(strstr(buf__str(&few), "/opt/a b/lib.so:f\n"));
	table__row(&line, &rows->v[0], 80);
	assert_null(strstr(buf__str(&line), "/opt"));
	assert_non_null(strstr(line.data, "  lib.so:f\n"));
	rows__free(rows);
	now.n = 11;
	v[0].in_flight = (struct in_flight_target){ .known = 1, .calls = 1 };
	rows = rows__between(NULL, &now, &layouts);
	rows__sort(rows, TOP_IN_FLIGHT, false);
	table__plain(&many, rows);
	assert_int_equal(rows->n, 11);
	assert_null(strstr(buf__str(&many), "without calls"));
	rows__free(rows);
	v[0].in_flight.calls = 0;
	rows = rows__between(NULL, &now, &layouts);
	many.len = 0;
	table__plain(&many, rows);
	assert_null(strstr(buf__str(&many), "lib.so"));
	assert_non_null(strstr(many.data, "\n11 functions without calls\n"));
	rows__free(rows);
}

/* All that --once prints. */
static void test_once(void **state)
{
	__cleanup_buf struct buf all = {};
	struct fixture f;
	struct reading now;
	struct top_rows *rows = fixture_rows(&f, &now);

	rows__sort(rows, TOP_CALLS, false);
	table__plain(&all, rows);
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].calls)
			histogram__print(&all, rows, &rows->v[i], 80);
	golden__check("top.txt", &all);
	all.len = 0;
	top_json__print(&all, rows);
	assert_memory_equal(all.data, "{\"version\":", strlen("{\"version\":"));
	memmove(all.data, strchr(buf__str(&all), ','), all.len);
	all.len = strlen(all.data);
	golden__check("top_json.txt", &all);
	rows__free(rows);
}

/* Nothing that a terminal would obey, and no line longer than the screen. */
static void test_lines(void **state)
{
	static const char hostile[] = "\033]0;title\007\n\xff\xc3\xa4\xe2\x80\xae";
	struct target target = { .type = TARGET_USER,
				 .object = "/tmp/\033[2J",
				 .function = (char *)hostile,
				 .kind = RP_KIND_ERRNO };
	struct target_state st = state_of(&target);
	struct counted c;
	struct snap_target snap = { .cell = *count(&c, (uint64_t[]){ 1, 0, 0, 0, 0 }, 0, 0, NULL) };
	struct reading_function f = function_of(&st, &snap);
	struct reading now = { .clock = 2000, .v = &f, .n = 1 };
	struct top_rows *rows = rows__between(NULL, &now, &layouts);
	__cleanup_buf struct buf text = {}, cut = {};

	table__plain(&text, rows);
	histogram__print(&text, rows, &rows->v[0], 80);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.data[i] == '\n' || (unsigned char)text.data[i] >= ' ');
	assert_null(strstr(buf__str(&text), "\xe2\x80\xae"));
	assert_non_null(strstr(text.data, "\\u001b]0;title\\u0007\\n"));
	rows__free(rows);

	table__line(&cut, "aä€b", 3);
	table__line(&cut, "aä€b", 0);
	table__line(&cut, "", 3);
	assert_string_equal(buf__str(&cut), "aä€\naä€b\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),  cmocka_unit_test(test_figures),
		cmocka_unit_test(test_difference), cmocka_unit_test(test_label_sets),
		cmocka_unit_test(test_integers),   cmocka_unit_test(test_order),
		cmocka_unit_test(test_quiet),	   cmocka_unit_test(test_once),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
