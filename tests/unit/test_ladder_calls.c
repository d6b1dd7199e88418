/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls by their functions, or by the tracepoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "attach/choice.h"
#include "base/util.h"
#include "expr/capture.h"
#include "ladder_fixture.h"

#define CALLS 9

struct calls {
	struct target v[CALLS], more[CALLS], *more_of[CALLS], *pointers[CALLS];
	struct capture_spec text;
	struct targets targets;
	struct attach *attach;
};

/* n calls, of two functions each. */
static void make_calls(struct calls *c, size_t n)
{
	*c = (struct calls){ .text = { .kernel = { .ntexts = 1 } } };
	c->text.kernel.text[0] = (struct rp_field){ .text = RP_TEXT, .user = 1 };
	for (size_t i = 0; i < n; i++) {
		c->more[i] = (struct target){ .type = TARGET_KERNEL,
					      .symbol = "__ia32_sys_f",
					      .addr = 100 + i,
					      .part = 1,
					      .btf_id = 1 };
		c->more_of[i] = &c->more[i];
		c->v[i] = (struct target){ .id = i,
					   .type = TARGET_SYSCALL,
					   .object = "syscall",
					   .function = "f",
					   .symbol = "__x64_sys_f",
					   .addr = 1 + i,
					   .btf_id = 1,
					   .settings = &settings,
					   .more = &c->more_of[i],
					   .nmore = 1 };
		c->pointers[i] = &c->v[i];
	}
	c->targets = (struct targets){ c->pointers, n, n };
}

static const char *chosen_for(const struct calls *c, size_t i)
{
	size_t n;
	const struct attach_ops *ops = attach__slots(c->attach, &n)[i].ops;

	return ops ? ops->name : "none";
}

static void plan_calls(struct calls *c, const char *mechanism)
{
	c->attach = plan__new(&c->targets, NULL, mechanism);
}

/* By their functions if that is as exact as the tracepoints, and pays. */
static void test_calls(void **state)
{
	const unsigned old = LACKS(FSESSION) | LACKS(FSESSION_MULTI);
	const unsigned few_slots = old | LACKS(RETURN_SLOTS);
	static struct probe_settings by_kretprobe = { .mechanism = "kretprobe" };
	const struct {
		unsigned lacking;
		size_t n;
		const char *mechanism, *want;
	} rows[] = {
		{ 0, 1, "auto", "fsession.multi" },
		{ old, CALLS - 1, "auto", "fexit" },
		{ old, CALLS, "auto", "kprobe.session" },
		{ few_slots, CALLS - 1, "auto", "fexit" },
		{ few_slots, CALLS, "auto", "tracepoint" },
		{ few_slots | LACKS(NO_PREEMPTION), 1, "auto", "kretprobe" },
		{ old | LACKS(BTF), 1, "auto", "tracepoint" },
		{ old | LACKS(KPROBE_EVENTS), 1, "auto", "tracepoint" },
		{ old, 1, "tracepoint", "tracepoint" },
		{ old, CALLS, "kretprobe", "kretprobe" },
		{ few_slots, 1, "kprobe.multi", "kprobe.multi" },
	};
	struct calls c;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		lacking = rows[i].lacking;
		make_calls(&c, rows[i].n);
		plan_calls(&c, rows[i].mechanism);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_string_equal(chosen_for(&c, k), rows[i].want);
		attach__free(c.attach);
	}
	/* The mechanism of one. */
	lacking = old;
	make_calls(&c, 2);
	c.v[1].settings = &by_kretprobe;
	plan_calls(&c, "tracepoint");
	assert_string_equal(chosen_for(&c, 0), "tracepoint");
	assert_string_equal(chosen_for(&c, 1), "kretprobe");
	attach__free(c.attach);
}

/* One that needs the tracepoints makes all calls pay for them. */
static void test_calls_together(void **state)
{
	struct buf text = {};
	struct calls c;
	size_t n;

	lacking = LACKS(FSESSION) | LACKS(FSESSION_MULTI);
	for (int i = 0; i < 3; i++) {
		make_calls(&c, 2);
		if (i == 1)
			c.v[1].no_function = "it has none";
		if (i == 2)
			c.v[1].capture = &c.text;
		plan_calls(&c, "auto");
		assert_string_equal(chosen_for(&c, 0), i ? "tracepoint" : "fexit");
		assert_string_equal(chosen_for(&c, 1), i ? "tracepoint" : "fexit");
		if (i == 1) {
			choice__explain(c.attach, &attach__slots(c.attach, &n)[0], "", &text);
			choice__explain(c.attach, &attach__slots(c.attach, &n)[1], "", &text);
		}
		attach__free(c.attach);
	}
	assert_string_equal(buf__str(&text),
			    "its functions  no: another system call needs the tracepoints, for "
			    "which all calls pay\n"
			    "tracepoint     chosen\n"
			    "its functions  no: it has none\n"
			    "tracepoint     chosen\n");
	buf__free(&text);
}

/* The programs at functions, for answered calls, and of the tracepoints that may be needed. The
 * places at which multi links find each function. */
static void test_programs_of_calls(void **state)
{
	struct object_params p = {};
	struct calls c;

	lacking = LACKS(FSESSION) | LACKS(FSESSION_MULTI);
	make_calls(&c, 2);
	plan_calls(&c, "auto");
	plan__params(c.attach, &p);
	assert_true(p.programs & PROG_BIT(PROG_FEXIT_RETURN));
	assert_true(p.programs & PROG_BIT(PROG_SYSCALL_ANSWERED));
	assert_true(p.programs & PROG_BIT(PROG_SYSCALL_EXIT));
	assert_false(p.capturing_programs);
	assert_int_equal(p.nsites, 4);
	for (size_t i = 0; i < p.nsites; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(p.sites[i].desc, p.sites[k].desc);
	assert_true(p.scan.functions);
	attach__free(c.attach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_calls_together),
		cmocka_unit_test(test_programs_of_calls),
	};

	return cmocka_run_group_tests_name("ladder_calls", tests, NULL, NULL);
}
