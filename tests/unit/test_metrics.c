/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr/capture.h"
#include "golden.h"
#include "metrics_fixture.h"
#include "expose/text.h"
#include "discover/outcome_text.h"

static void write_text(const struct metrics_input *in, struct buf *out)
{
	struct expo e;

	expo__begin(&e, &expo_text, out);
	metrics__write(in, &e);
	expo__end(&e);
}

static size_t count_lines(struct buf *b, const char *with)
{
	size_t n = 0;

	for (const char *p = buf__str(b); (p = strstr(p, with)); p++)
		n++;
	return n;
}

static void test_everything(void **state)
{
	__cleanup_buf struct buf out = { 0 }, again = { 0 };
	struct fixture f;

	fixture__init(&f);
	write_text(&f.in, &out);
	golden__check("metrics_text.txt", &out);

	write_text(&f.in, &again);
	assert_int_equal(again.len, out.len);
	assert_memory_equal(again.data, out.data, out.len);
}

/* Without durations, their series are absent, and others are not. */
static void test_untimed(void **state)
{
	__cleanup_buf struct buf out = { 0 };
	struct target target;
	struct fixture f;

	fixture__init(&f);
	target = *f.states[0].target;
	target.untimed = true;
	f.states[0].target = &target;
	write_text(&f.in, &out);
	assert_null(strstr(buf__str(&out), "retprobe_duration_seconds_count{object=\"vmlinux\","
					   "function=\"vfs_read\"}"));
	assert_non_null(strstr(buf__str(&out), "retprobe_returns_total{object=\"vmlinux\","
					       "function=\"vfs_read\",outcome=\"ok\","
					       "value=\"0\"} 20"));
	assert_non_null(strstr(buf__str(&out), "retprobe_duration_seconds_count{object=\"syscall\","
					       "function=\"openat\"}"));
}

/* Unknown values are left out, never made up. */
static void test_little(void **state)
{
	__cleanup_buf struct buf out = { 0 };
	struct fixture f;

	fixture__init(&f);
	f.in.ntargets = 0;
	f.in.programs = NULL;
	f.self.has_process = f.self.has_scrape = f.self.has_scan = f.self.reload_ok = false;
	f.self.scan.state = SELF_SCAN_NONE;
	write_text(&f.in, &out);
	golden__check("metrics_none.txt", &out);
}

static void test_filter(void **state)
{
	static const char *const functions[] = { "openat", "nothing_has_this", "twice" };
	__cleanup_buf struct buf out = { 0 };
	struct fixture f;

	fixture__init(&f);
	f.in.functions = functions;
	f.in.nfunctions = ARRAY_SIZE(functions);
	write_text(&f.in, &out);
	assert_int_equal(count_lines(&out, "function=\""),
			 count_lines(&out, "\"openat\"") + count_lines(&out, "\"twice\""));
	assert_int_equal(count_lines(&out, "\nretprobe_duration_seconds_count{"), 1);
	assert_int_equal(count_lines(&out, "function=\"twice\""), 1);
	assert_int_equal(count_lines(&out, "\"_all\""), 0);
	assert_int_equal(count_lines(&out, "\nprocess_open_fds 42\n"), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_exporter_build_info{"), 1);

	/* Unknown names have no series. */
	buf__free(&out);
	f.in.functions = &functions[1];
	f.in.nfunctions = 1;
	write_text(&f.in, &out);
	assert_int_equal(count_lines(&out, "function=\""), 0);
	assert_int_equal(count_lines(&out, "\nretprobe_exporter_build_info{"), 1);
}

/* Observed values are stored after sizes. All other values have a series from the start. */
static void test_observed(void **state)
{
	enum { WORDS = RP_HIST_GRID + FIXTURE_CELLS };
	static uint64_t hists[3 * WORDS] = {
		[WORDS] = 30,
		[WORDS + RP_HIST_UNREADABLE] = 4,
		[WORDS + RP_HIST_RANGE] = 5,
		[WORDS + RP_HIST_GRID] = 6,
	};
	struct capture_spec extra = { .kernel.nobserved = 2, .observed = { "a", "b" } };
	struct target target = {
		.object = "vmlinux", .function = "f", .kind = RP_KIND_SIZE, .capture = &extra
	};
	struct snap_target snap = { .cell = { .words = fixture_words[0], .hists = hists } };
	struct target_state st = { .target = &target,
				   .object = "vmlinux",
				   .function = "f",
				   .attached = true,
				   .snap = &snap };
	struct metrics_input in = { .layout = &fixture_layout,
				    .size_layout = &fixture_layout,
				    .targets = &st,
				    .ntargets = 1,
				    .hist_words = WORDS };
	__cleanup_buf struct buf out = { 0 };

#define OF_F "{object=\"vmlinux\",function=\"f\",name="
	write_text(&in, &out);
	assert_int_equal(count_lines(&out, "\nretprobe_observed_sum" OF_F "\"a\"} 30\n"), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_observed_count" OF_F "\"a\"} 6\n"), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_unobserved_total" OF_F
					   "\"a\",reason=\"unreadable\"} 4\n"),
			 1);
	assert_int_equal(count_lines(&out, "\nretprobe_unobserved_total" OF_F
					   "\"a\",reason=\"range\"} 5\n"),
			 1);
	assert_int_equal(count_lines(&out, "\nretprobe_unobserved_total" OF_F "\"b\""), 2);
}

/* What is measured is stored after observed values; only the counters that are asked for are shown.
 */
static void test_measured(void **state)
{
	enum { WORDS = RP_HIST_GRID + FIXTURE_CELLS };
	static uint64_t hists[3 * WORDS] = {
		[WORDS + RP_HIST_SUM] = 2500000000,
		[WORDS + RP_HIST_GRID] = 6,
		[2 * WORDS + RP_HIST_FAULTS] = 7,
		[2 * WORDS + RP_HIST_SWITCHES] = 8,
	};
	struct capture_spec extra = {
		.kernel = { .nobserved = 1, .nmeasured = 2, .measured = { RP_OFF_CPU, RP_USAGE } },
		.observed = { "a" },
		.counters = COUNTER_CONTEXT_SWITCHES,
	};
	struct target target = {
		.object = "vmlinux", .function = "f", .kind = RP_KIND_ERRNO, .capture = &extra
	};
	struct snap_target snap = { .cell = { .words = fixture_words[0], .hists = hists } };
	struct target_state st = { .target = &target,
				   .object = "vmlinux",
				   .function = "f",
				   .attached = true,
				   .snap = &snap };
	struct metrics_input in = { .layout = &fixture_layout,
				    .size_layout = &fixture_layout,
				    .targets = &st,
				    .ntargets = 1,
				    .hist_words = WORDS };
	__cleanup_buf struct buf out = { 0 };

#define OF "{object=\"vmlinux\",function=\"f\""
	write_text(&in, &out);
	assert_int_equal(count_lines(&out, "\nretprobe_off_cpu_seconds_sum" OF "} 2.5\n"), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_off_cpu_seconds_count" OF "} 6\n"), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_counter_total" OF
					   ",counter=\"context-switches\"} 8\n"),
			 1);
	assert_int_equal(count_lines(&out, "\nretprobe_counter_total{"), 1);
}

static void test_notes(void **state)
{
	struct target target = { .object = "vmlinux", .function = "f", .kind = RP_KIND_ERRNO };
	struct snap_target snap = { .cell = { .words = fixture_words[0] } };
	struct target_state st = {
		.target = &target,
		.object = "vmlinux",
		.function = "f",
		.mechanism = "fexit",
		.attached = true,
		.snap = &snap,
		.notes = { (char *)"the \"next\" job", (char *)"EAGAIN,-1", WAITS_NO },
	};
	struct metrics_input in = { .layout = &fixture_layout,
				    .size_layout = &fixture_layout,
				    .targets = &st,
				    .ntargets = 1 };
	__cleanup_buf struct buf out = { 0 };

	write_text(&in, &out);
	assert_int_equal(
		count_lines(&out,
			    "\nretprobe_probe_info{object=\"vmlinux\",function=\"f\",mechanism="
			    "\"fexit\",returns=\"errno\",description=\"the \\\"next\\\" job\","
			    "expected=\"EAGAIN,-1\",waits=\"false\"} 1\n"),
		1);
	assert_int_equal(count_lines(&out, "\nretprobe_probe_expected{object=\"vmlinux\",function="
					   "\"f\",value=\"EAGAIN\"} 1\n"),
			 1);
	assert_int_equal(count_lines(&out, "\nretprobe_probe_expected{object=\"vmlinux\",function="
					   "\"f\",value=\"-1\"} 1\n"),
			 1);
}

/* Each name of a function has all series, and can be filtered by. */
static void test_names(void **state)
{
	struct target target = { .object = "vmlinux", .function = "f", .kind = RP_KIND_ERRNO };
	struct snap_target snap = { .cell = { .words = fixture_words[0] } };
	struct missed_target losses = { .missed[MISSED_DEPTH] = 3 };
	struct target_state st[] = {
		{ .target = &target, .attached = true, .snap = &snap, .missed = &losses },
		{ .target = &target, .attached = true, .snap = &snap, .missed = &losses },
	};
	struct metrics_input in = { .layout = &fixture_layout,
				    .size_layout = &fixture_layout,
				    .targets = st,
				    .ntargets = ARRAY_SIZE(st) };
	const char *wanted = "g";
	__cleanup_buf struct buf out = { 0 }, one = { 0 };

#define OF_G "{object=\"ext4\",function=\"g\""
	st[0].object = target.object;
	st[0].function = target.function;
	st[1].object = "ext4";
	st[1].function = wanted;
	st[1].again = true;
	write_text(&in, &out);
	assert_int_equal(count_lines(&out, "\nretprobe_duration_seconds_count{"), 2);
	assert_int_equal(count_lines(&out, "\nretprobe_duration_seconds_count" OF_G), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_missed_total" OF_G ",reason=\"depth\"} 3\n"),
			 1);
	assert_int_equal(count_lines(&out, "\nretprobe_probe_attached" OF_G ",reason=\"\"} 1\n"),
			 1);
	assert_int_equal(count_lines(&out, "same_as="), 1);
	assert_int_equal(count_lines(&out, "\nretprobe_probe_info" OF_G
					   ",mechanism=\"\",returns=\"errno\","
					   "same_as=\"vmlinux:f\"} 1\n"),
			 1);
	in.functions = &wanted;
	in.nfunctions = 1;
	write_text(&in, &one);
	assert_int_equal(count_lines(&one, "function=\"f\""), 0);
	assert_int_equal(count_lines(&one, "\nretprobe_duration_seconds_count" OF_G), 1);
}

/*
 * A histogram's count is the sum of its buckets, and every call is in exactly one series of
 * returns.
 */
static void test_sums(void **state)
{
	__cleanup_buf struct buf out = { 0 };
	struct fixture f;
	uint64_t cells = 0, returns = 0;
	const char *p;

	fixture__init(&f);
	for (int i = 0; i < FIXTURE_CELLS; i++)
		cells += fixture_words[0][RP_CELL_BINS + i];
	write_text(&f.in, &out);
	for (p = buf__str(&out); (p = strstr(p, "retprobe_returns_total{")); p++) {
		if (memmem(p, strcspn(p, "\n"), "\"vfs_read\"", 10))
			returns += strtoull(strchr(p, '}') + 2, NULL, 10);
	}
	assert_int_equal(returns, cells);
	p = strstr(out.data,
		   "retprobe_duration_seconds_count{object=\"vmlinux\",function=\"vfs_read\"} ");
	assert_non_null(p);
	assert_int_equal(strtoull(strchr(p, '}') + 2, NULL, 10), cells);
}

/* Losses of shared programs start at 0, for each reason that any mechanism can have. */
static void test_shared_from_start(void **state)
{
	static const struct missed_program shared[] = {
		{ .shared = 1, .reasons = 1U << MISSED_RECURSION },
		{ .shared = 1, .reasons = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE },
	};
	static const size_t series[] = { 0, 1, 2 }; /* number of mechanisms with that reason */
	struct missed_program programs[MISSED_MECHANISMS] = {};
	__cleanup_buf struct buf out = { 0 };
	struct fixture f;

	fixture__init(&f);
	f.in.programs = programs;
	for (size_t n = 0; n < ARRAY_SIZE(series); n++) {
		buf__free(&out);
		if (n)
			programs[n] = shared[n - 1];
		write_text(&f.in, &out);
		assert_int_equal(count_lines(&out, "{object=\"_all\","), series[n]);
	}
	assert_int_equal(count_lines(&out, "\"_all\",reason=\"recursion\"} 0\n"), 1);
	assert_int_equal(count_lines(&out, "\"_all\",reason=\"maxactive\"} 0\n"), 1);
}

/* A probe that the rate guard has paused exports what it had counted. */
static void test_paused(void **state)
{
	__cleanup_buf struct buf before = { 0 }, out = { 0 };
	struct target target = fixture_targets[1];
	struct fixture f;

	fixture__init(&f);
	write_text(&f.in, &before);
	target.reason = REASON_OVERLOAD;
	f.states[1].target = &target;
	f.states[1].attached = false;
	write_text(&f.in, &out);
	assert_int_equal(count_lines(&out, "function=\"openat\",reason=\"overload\"} 0\n"), 2);
	assert_int_equal(count_lines(&before, "retprobe_in_flight{object=\"syscall\""), 1);
	assert_int_equal(count_lines(&out, "retprobe_in_flight{object=\"syscall\""), 0);
	/* Calls in progress are not known any more. */
	assert_int_equal(count_lines(&out, "function=\"openat\"") + 2,
			 count_lines(&before, "function=\"openat\""));
	assert_int_equal(count_lines(&out, "retprobe_returns_total{object=\"syscall\""),
			 count_lines(&before, "retprobe_returns_total{object=\"syscall\""));
}

/* The limit must be reachable, or no alert could tell that the memory is used up. An exporter that
 * has not estimated how many are needed needs those in use. */
static void test_label_sets_limit(void **state)
{
	static struct capture_label labels[] = { { .name = "comm" } };
	struct capture_spec extra = { .labels = labels, .nlabels = 1, .kernel.max_series = 7 };
	struct target target = fixture_targets[0];
	struct snap_target snap = { .taken = 2, .free_sets = 100 };
	struct target_state st = { .target = &target, .attached = true, .snap = &snap };

	target.capture = &extra;
	assert_int_equal(metrics__label_sets_limit(&st), 7);
	snap.free_sets = 3;
	assert_int_equal(metrics__label_sets_limit(&st), 5);
	snap.free_sets = 0;
	assert_int_equal(metrics__label_sets_limit(&st), 2);
	assert_int_equal(metrics__label_sets_needed(&st), 2);
	st.missed = &(struct missed_target){ .sets_needed = 12 };
	assert_int_equal(metrics__label_sets_needed(&st), 12);
}

static void test_class_text(void **state)
{
	static const struct target nothing = { .kind = RP_KIND_VOID };
	static const struct {
		enum rp_kind kind;
		enum rp_class cls;
		const char *outcome, *value;
	} cases[] = {
		{ RP_KIND_ERRNO, RP_CLASS_ZERO, "ok", "0" },
		{ RP_KIND_ERRNO, RP_CLASS_POSITIVE, "ok", "positive" },
		{ RP_KIND_ERRNO, RP_CLASS_NEGATIVE, "ok", "negative" },
		{ RP_KIND_ERRNO, RP_CLASS_OTHER, "error", "_other" },
		{ RP_KIND_SIZE, RP_CLASS_ZERO, "ok", "0" },
		{ RP_KIND_SIZE, RP_CLASS_POSITIVE, "ok", "positive" },
		{ RP_KIND_SIZE, RP_CLASS_NEGATIVE, "ok", "negative" },
		{ RP_KIND_SIZE, RP_CLASS_OTHER, "error", "_other" },
		{ RP_KIND_VALUE, RP_CLASS_OTHER, "ok", "_other" },
		{ RP_KIND_UVALUE, RP_CLASS_OTHER, "ok", "_other" },
		{ RP_KIND_UNSIGNED, RP_CLASS_ZERO, "ok", "0" },
		{ RP_KIND_UNSIGNED, RP_CLASS_OTHER, "error", "_other" },
		{ RP_KIND_POINTER, RP_CLASS_ZERO, "null", "NULL" },
		{ RP_KIND_POINTER, RP_CLASS_POSITIVE, "ok", "pointer" },
		{ RP_KIND_BOOL, RP_CLASS_ZERO, "ok", "false" },
		{ RP_KIND_BOOL, RP_CLASS_POSITIVE, "ok", "true" },
		{ RP_KIND_ENUM, RP_CLASS_OTHER, "ok", "_other" },
		{ RP_KIND_ENUM, RP_CLASS_NEGATIVE, "error", "_other" },
		{ RP_KIND_RAW, RP_CLASS_OTHER, "error", "_other" },
		{ RP_KIND_VOID, RP_CLASS_ZERO, "ok", "void" },
		{ RP_KIND_RAW, RP_CLASS_NEGATIVE, "ok", "negative" },
		{ RP_KIND_RAW, RP_CLASS_TAIL, "unknown", "tail_call" },
		{ RP_KIND_ENUM, RP_CLASS_TAIL, "unknown", "tail_call" },
		{ RP_KIND_POINTER, RP_CLASS_TAIL, "unknown", "tail_call" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct target target = { .kind = cases[i].kind };
		struct outcome_text t = outcome_text__of_class(&target, cases[i].cls);

		assert_string_equal(t.outcome, cases[i].outcome);
		assert_string_equal(t.value, cases[i].value);
		target.error.classes = 1U << cases[i].cls;
		t = outcome_text__of_class(&target, cases[i].cls);
		assert_string_equal(t.outcome, "error");
		assert_string_equal(t.value, cases[i].value);
	}
	assert_null(outcome_text__of_class(&nothing, RP_CLASS_POSITIVE).outcome);
	assert_null(outcome_text__of_class(&nothing, RP_CLASS_TAIL).outcome);
}

static void test_value_text(void **state)
{
	static char red[] = "RED";
	static struct enumerator enumerators[] = { { 7, red } };
	static const struct {
		enum rp_kind kind;
		int64_t value;
		const char *outcome, *text;
	} cases[] = {
		{ RP_KIND_POINTER, 12, "error", "ENOMEM" },
		{ RP_KIND_SIZE, 11, "error", "EAGAIN" },
		{ RP_KIND_SIZE, 511, "error", "E511" },
		{ RP_KIND_ERRNO, 512, "restarted", "ERESTARTSYS" },
		{ RP_KIND_ERRNO, 513, "restarted", "ERESTARTNOINTR" },
		{ RP_KIND_POINTER, 514, "restarted", "ERESTARTNOHAND" },
		{ RP_KIND_ERRNO, 515, "error", "ENOIOCTLCMD" },
		{ RP_KIND_ERRNO, 516, "restarted", "ERESTART_RESTARTBLOCK" },
		{ RP_KIND_ERRNO, 517, "error", "EPROBE_DEFER" },
		{ RP_KIND_ERRNO, -1 - RP_CLASS_NEGATIVE, "error", "negative" },
		{ RP_KIND_RAW, -1 - RP_CLASS_ZERO, "error", "zero" },
		{ RP_KIND_ENUM, 7, "ok", "RED" },
		{ RP_KIND_ENUM, INT64_MIN, "ok", "-9223372036854775808" },
		{ RP_KIND_VALUE, 7, "ok", "7" },
		{ RP_KIND_VALUE, -1, "ok", "-1" },
		{ RP_KIND_UVALUE, -1, "ok", "18446744073709551615" },
		{ RP_KIND_UVALUE, 0, "ok", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct target t = { .kind = cases[i].kind,
				    .enumerators = enumerators,
				    .nenumerators = 1 };
		char buf[32];
		struct outcome_text text =
			outcome_text__of_number(&t, cases[i].value, buf, sizeof(buf));

		assert_string_equal(text.outcome, cases[i].outcome);
		assert_string_equal(text.value, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_untimed),
		cmocka_unit_test(test_little),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_class_text),
		cmocka_unit_test(test_value_text),
		cmocka_unit_test(test_shared_from_start),
		cmocka_unit_test(test_observed),
		cmocka_unit_test(test_measured),
		cmocka_unit_test(test_label_sets_limit),
		cmocka_unit_test(test_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
