/* SPDX-License-Identifier: GPL-2.0-only */
/* Points of spans: what they capture. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "expr/capture_new.h"

/* errno() takes errors of either sign, so an outcome may be the positive one of a socket. */
static void outcomes_may_be_errors(void **state)
{
	static const struct {
		const char *outcome;
		bool is_errno;
	} rows[] = { { "errno(n)", true }, { "n", false }, { "signal(n)", false } };
	struct expression key = { .text = "errno(n)" };
	struct span_point end = { .role = SPAN_END, .key = &key, .nkey = 1 };

	const struct event_field field = {
		.name = "n", .type = "int", .offset = 8, .size = 4, .is_signed = true
	};
	const struct expr_scope scope = {
		.is_point = true,
		.is_event = true,
		.fields = &field,
		.nfields = 1,
		.result.kind = RP_KIND_ERRNO,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct span_settings span = { .outcome.text = (char *)rows[i].outcome };
		struct probe_settings s = { .span = &span };
		const struct source_pos *pos;
		struct capture_spec *x;
		char *why = NULL;

		if (capture_spec__of_point(&s, &end, &scope, &x, &pos, &why))
			fail_msg("%s", why);
		assert_true(x->kernel.has_outcome);
		assert_int_equal(x->kernel.outcome_is_errno, rows[i].is_errno);
		capture_spec__free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes_may_be_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
