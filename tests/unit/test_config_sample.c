/* SPDX-License-Identifier: GPL-2.0-only */
/* The key `sample` of a probe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

static void check_filter(const struct expression *e, const char *text, const char *place)
{
	assert_null(e->name);
	assert_string_equal(e->text, text);
	assert_string_equal(source_pos__str(&e->pos), place);
}

static void test_sample(void **state)
{
	const struct sampling *s;
	struct config *c;

	write_file("defaults: {sample: {when: \"ret < 0\", per_second: 7, stacks: [], "
		   "show: {a: \"ret\"}}}\n"
		   "probes:\n"
		   "- functions: a\n"
		   "- {functions: b, sample: off}\n"
		   "- {functions: c, sample: on}\n"
		   "- functions: d\n"
		   "  sample: {when: [duration > 1s, outcome == error]}\n");
	c = PARSE("--config.file=config.yaml");
	s = &c->lists[0].settings.sample;
	assert_true(s->on && s->per_second == 7 && !s->stacks && s->nwhen == 1);
	check_filter(&s->when[0], "ret < 0", "config.yaml:1:27");
	assert_int_equal(s->nshow, 1);
	assert_string_equal(s->show[0].name, "a");
	assert_string_equal(s->show[0].text, "ret");
	assert_false(c->lists[1].settings.sample.on);
	s = &c->lists[2].settings.sample;
	assert_true(s->on && s->per_second == SAMPLES_PER_SECOND && !s->nwhen);
	assert_int_equal(s->stacks, RP_STACK_KERNEL);
	assert_int_equal(s->nshow, 0);
	s = &c->lists[3].settings.sample;
	assert_true(s->on && s->nwhen == 2);
	check_filter(&s->when[1], "outcome == error", "config.yaml:7:34");
	assert_false(probe_settings__same(&c->lists[0].settings, &c->lists[1].settings));
	assert_false(probe_settings__same(&c->lists[2].settings, &c->lists[3].settings));
	assert_true(probe_settings__same(&c->lists[1].settings, &c->lists[1].settings));
	config__free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
