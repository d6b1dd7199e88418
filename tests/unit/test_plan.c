/* SPDX-License-Identifier: GPL-2.0-only */
/* The output of --config.check. Tests set the features (REPLACED in the Makefile). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "metrics_fixture.h"
#include "attach/choice.h"
#include "base/buf.h"
#include "check.h"
#include "check_series.h"

static bool task_storage;

bool __wrap_features__has(struct features *f, enum feature feature);
const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);

bool __wrap_features__has(struct features *f, enum feature feature)
{
	return feature == FEATURE_TASK_STORAGE && task_storage;
}

void __wrap_choice__explain(const struct attach *a, const struct attach_slot *slot,
			    const char *indent, struct buf *out);

void __wrap_choice__explain(const struct attach *a, const struct attach_slot *slot,
			    const char *indent, struct buf *out)
{
	buf__printf(out, "%s%s\n", indent, slot->ops ? slot->ops->name : "none");
}

#define MANY 1001
static struct attach_slot slots[MANY];
static size_t nslots;

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = nslots;
	return slots;
}

static struct config config = { .memory_limit = 1 << 28 };

static struct generation generation_of(struct targets *targets,
				       const struct histogram_layout *layout, uint32_t programs)
{
	struct generation g = {
		.config = &config,
		.targets = targets,
		.params = { .layout = layout,
			    .size_layout = layout,
			    .ntargets = targets->n,
			    .programs = programs },
	};

	memory_plan__make(&g.params, NULL, &g.memory);
	return g;
}

/* The plan of one target with these programs. The caller frees it. */
static char *print(uint32_t programs)
{
	struct targets targets = { .n = 1 };
	struct generation g = generation_of(&targets, &fixture_layout, programs);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	targets.n = 0;
	check__print(out, &g);
	fclose(out);
	return text;
}

static bool tells_of_threads(uint32_t programs)
{
	__cleanup_free char *text = print(programs);

	assert_non_null(strstr(text, "memory: "));
	/* 40 bytes, 64 frames of 24, and the kernel's overhead: the next power of two. */
	return strstr(text, "up to 2240 bytes per thread");
}

static void memory_of_threads(void **state)
{
	static const struct {
		uint32_t programs;
		bool by_thread;
	} rows[] = {
		{ PROG_BIT(PROG_SYSCALL_ENTER) | PROG_BIT(PROG_SYSCALL_EXIT), true },
		{ PROG_BIT(PROG_UPROBE_ENTRY) | PROG_BIT(PROG_UPROBE_RETURN), true },
		{ PROG_BIT(PROG_UPROBE_MULTI_ENTRY) | PROG_BIT(PROG_KPROBE_SESSION), true },
		{ PROG_BIT(PROG_UPROBE_SESSION), false },
		{ PROG_BIT(PROG_KPROBE_ENTRY) | PROG_BIT(PROG_FEXIT_ENTRY), false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		task_storage = true;
		assert_int_equal(tells_of_threads(rows[i].programs), rows[i].by_thread);
		task_storage = false; /* all frames are in hash maps, which are in the plan */
		assert_false(tells_of_threads(rows[i].programs));
	}
}

/* Slots, notes and hash maps are only for programs that use them. */
static void memory_of_frames(void **state)
{
	static const struct {
		uint32_t programs, capturing;
		bool kernel_frames, user_frames, places, capture_slots, notes;
	} rows[] = {
		{ PROG_BIT(PROG_FEXIT_ENTRY), 0, true, false, true, false, false },
		{ PROG_BIT(PROG_MULTI_ENTRY), PROG_BIT(PROG_KPROBE_ENTRY), true, false, true, true,
		  true },
		{ 0, PROG_BIT(PROG_FSESSION), false, false, false, true, true },
		{ PROG_BIT(PROG_KPROBE_SESSION), 0, false, false, false, false, false },
		{ PROG_BIT(PROG_UPROBE_ENTRY), 0, false, true, false, false, false },
		{ 0, PROG_BIT(PROG_UPROBE_MULTI_ENTRY), false, true, false, false, true },
		{ 0, PROG_BIT(PROG_UPROBE_SESSION), false, false, false, false, true },
		{ 0, PROG_BIT(PROG_UPROBE_RET_ENTRY), false, false, false, false, false },
		{ PROG_BIT(PROG_SYSCALL_ENTER), 0, false, true, false, false, false },
		{ 0, PROG_BIT(PROG_SYSCALL_ENTER), false, true, false, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct object_params p = {
			.layout = &fixture_layout,
			.size_layout = &fixture_layout,
			.ntargets = 1,
			.programs = rows[i].programs,
			.capturing_programs = rows[i].capturing,
		};
		struct memory_plan m;

		memory_plan__make(&p, NULL, &m);
		assert_int_equal(m.nkernel_frames > 1, rows[i].kernel_frames);
		assert_int_equal(m.nuser_frames > 1, rows[i].user_frames);
		assert_int_equal(m.nslots > 1, rows[i].places);
		assert_int_equal(m.ncapture_slots > 1, rows[i].capture_slots);
		assert_int_equal(m.nhashed_captures > 1, rows[i].notes);
	}
}

static struct target *target_pointers[MANY];
static struct target many_targets[MANY];

/* Warnings for a plan of n functions. */
static char *heavy(size_t n, const struct histogram_layout *layout)
{
	struct targets targets = { .v = target_pointers, .n = n, .nids = n };
	struct generation g = generation_of(&targets, layout, 0);

	for (size_t i = 0; i < n; i++) {
		many_targets[i] = fixture_targets[0];
		many_targets[i].id = i;
		target_pointers[i] = &many_targets[i];
		slots[i].ops = i < 400 ? &attach_kprobe_multi : &attach_kretprobe;
	}
	nslots = n;
	return check__heavy(&g);
}

static size_t series(size_t n)
{
	struct targets targets = { .v = target_pointers, .n = n, .nids = n };
	struct generation g = generation_of(&targets, &fixture_layout, 0);

	nslots = n;
	return check_series__count(&g);
}

/* Too many series: the message has the numbers. */
static void many_series(void **state)
{
	size_t most, none = series(0);
	char *text, *expected;

	free(heavy(MANY, &fixture_layout));
	/* All functions after the first 400 have as many. */
	most = 400 + (10000 - series(400)) / (series(402) - series(401));
	assert_true(none < 10 && series(most) <= 10000 && series(most + 1) > 10000);
	assert_null(heavy(most, &fixture_layout));
	text = heavy(most + 1, &fixture_layout);
	expected = xasprintf("%zu functions (400 by kprobe.multi, %zu by kretprobe) are %zu "
			     "series in each scrape",
			     most + 1, most + 1 - 400, series(most + 1));
	assert_memory_equal(text, expected, strlen(expected));
	assert_non_null(strstr(text, " of the 256 MiB that --memory.limit allows, and up to "));
	assert_non_null(strstr(text, " s to attach: narrow the globs"));
	free(expected);
	free(text);
}

/* Too many user functions, whose calls cost more. */
static void many_user_functions(void **state)
{
	struct targets targets = { .v = target_pointers, .n = 101, .nids = 101 };
	struct generation g = generation_of(&targets, &fixture_layout, 0);
	char *text;

	free(heavy(101, &fixture_layout));
	assert_null(check__heavy(&g));
	for (size_t i = 0; i < 101; i++)
		slots[i].ops = i ? &attach_uprobe_multi : &attach_uprobe_ret;
	text = check__heavy(&g);
	assert_memory_equal(text, "101 functions (1 by uprobe.ret, 100 by uprobe.multi) are ", 57);
	assert_non_null(strstr(text, " to attach, and a call of a user function takes microseconds "
				     "longer: narrow the globs"));
	free(text);
	slots[0].ops = &attach_kretprobe;
	assert_null(check__heavy(&g));
}

/* Counted in small batches, with the same result. */
static void series_are_counted(void **state)
{
	size_t none = series(0), one;

	free(heavy(MANY, &fixture_layout));
	for (size_t i = 0; i < MANY; i++)
		slots[i].ops = &attach_kretprobe;
	one = series(1) - none;
	assert_true(one > 5);
	for (size_t n = 1; n <= MANY; n += 50)
		assert_int_equal(series(n), none + n * one);
}

static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

static void totals_by_mechanism(void **state)
{
	struct targets targets = { .v = target_pointers, .n = MANY, .nids = MANY };
	struct generation g = generation_of(&targets, &fixture_layout, 0);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	free(heavy(MANY, &fixture_layout));
	slots[0].ops = NULL;
	check__print(out, &g);
	fclose(out);
	assert_non_null(strstr(text, "functions: 1000 to attach (399 by kprobe.multi, 601 by "
				     "kretprobe), in up to 40 s; 1 cannot be attached\n"));
	/* The reasons are printed once for functions with equal reasons. */
	assert_int_equal(count_of(text, "    why this mechanism:\n"), 2);
	assert_int_equal(count_of(text, "    why no mechanism:\n"), 1);
	assert_non_null(strstr(text, "    why this mechanism:\n        kprobe.multi\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_threads),  cmocka_unit_test(memory_of_frames),
		cmocka_unit_test(many_series),	      cmocka_unit_test(many_user_functions),
		cmocka_unit_test(series_are_counted), cmocka_unit_test(totals_by_mechanism),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
