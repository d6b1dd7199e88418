/* SPDX-License-Identifier: GPL-2.0-only */
/* What --config.check says of memory. Features are those that a test wants (see the Makefile). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "metrics_fixture.h"
#include "plan.h"

static bool task_storage;

bool __wrap_features__has(struct features *f, enum feature feature);
const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);

bool __wrap_features__has(struct features *f, enum feature feature)
{
	return feature == FEATURE_TASK_STORAGE && task_storage;
}

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = 0;
	return NULL;
}

/* The plan of one target that has these programs, to be freed. */
static char *print(uint32_t programs)
{
	const struct targets targets = {};
	struct bpfobj_params p = {
		.grid = &fixture_grid,
		.size_grid = &fixture_grid,
		.ntargets = 1,
		.programs = programs,
	};
	struct bpfobj_plan m;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	bpfobj__plan(&p, NULL, &m);
	plan__print(out, &targets, NULL, &p, &m, 1 << 28);
	fclose(out);
	return text;
}

static bool tells_of_threads(uint32_t programs)
{
	__cleanup_free char *text = print(programs);

	assert_non_null(strstr(text, "memory: "));
	/* 40 bytes, 64 frames of 24, and what the kernel needs for them: the next power of two. */
	return strstr(text, "up to 2240 bytes for each thread");
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
		task_storage = false; /* all frames are in hashes, which are in the plan */
		assert_false(tells_of_threads(rows[i].programs));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_threads),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
