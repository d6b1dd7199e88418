/* SPDX-License-Identifier: GPL-2.0-only */
/* The cause of a failed start of a generation, which determines the exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "probes/generation.h"

#include <errno.h>

static int kernel_says;

int __wrap_object__load(const struct object_params *p, struct features *f, struct object **out,
			char **error);

int __wrap_object__load(const struct object_params *p, struct features *f, struct object **out,
			char **error)
{
	*error = xstrdup("no");
	return kernel_says;
}

/* Whatever the kernel answers, the configuration is not at fault. */
static void test_kernel_errors(void **state)
{
	static const struct {
		int err;
		enum fault fault;
	} rows[] = {
		{ -EINVAL, FAULT_MACHINE }, { -EACCES, FAULT_MACHINE }, { -ENOENT, FAULT_MACHINE },
		{ -EMFILE, FAULT_NO_ROOM }, { -ENFILE, FAULT_NO_ROOM }, { -ENOMEM, FAULT_NO_ROOM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct generation g = { .params.programs = 1 };
		__cleanup_free char *error = NULL;

		kernel_says = rows[i].err;
		assert_int_equal(generation__start(&g, NULL, &error), rows[i].fault);
		assert_string_equal(error, "no");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kernel_errors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
