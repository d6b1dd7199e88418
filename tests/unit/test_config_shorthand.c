/* SPDX-License-Identifier: GPL-2.0-only */
/* Short forms in configuration files: single values for lists, names for probes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

/* A single value is the same as a list with that value. */
static void test_scalars_for_lists(void **state)
{
	static const struct {
		const char *one, *list;
	} cases[] = {
		{ "probes: vfs_read", "probes: [vfs_read]" },
		{ "probes: {functions: vfs_read}", "probes: [{functions: [vfs_read]}]" },
		{ "probes: {syscalls: openat}", "probes: [{syscalls: [openat]}]" },
		{ "probes: {user: {object: /a, functions: f}}",
		  "probes: [{user: {object: /a, functions: [f]}}]" },
		{ "probes: {functions: f, labels: comm}",
		  "probes: [{functions: [f], labels: [comm]}]" },
		{ "probes: {functions: f, labels: {a: b}}",
		  "probes: [{functions: [f], labels: [{a: b}]}]" },
		{ "probes: {functions: f, filter: a == 1}",
		  "probes: [{functions: [f], filter: [a == 1]}]" },
		{ "presets: tcp", "presets: [tcp]" },
		{ "{histograms: {buckets: 5, size_buckets: 64}, probes: x}",
		  "{histograms: {buckets: [5], size_buckets: [64]}, probes: [x]}" },
		{ "{defaults: {labels: pid, filter: pid == 1}, probes: x}",
		  "{defaults: {labels: [pid], filter: [pid == 1]}, probes: [x]}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *one, *list;

		write_file(cases[i].list);
		list = PARSE("--config.file=config.yaml");
		write_file(cases[i].one);
		one = PARSE("--config.file=config.yaml");
		if (!config__same(one, list))
			fail_msg("%s", cases[i].one);
		config__free(one);
		config__free(list);
	}
}

/* Bare strings in `probes:` form one list, as PROBE arguments do. */
static void test_bare_probes(void **state)
{
	struct config *c;
	const struct probe_list *l;

	write_file("defaults: {max_series: 7}\n"
		   "probes:\n"
		   "- vfs_read\n"
		   "- {functions: x, labels: comm}\n"
		   "- \"syscall:open*\"\n"
		   "- \"!syscall:openat2\"\n"
		   "- /bin/ls:main\n");
	c = PARSE("--config.file=config.yaml");
	assert_int_equal(c->nlists, 2);
	assert_false(c->lists[0].bare);
	l = &c->lists[1];
	assert_true(l->bare);
	assert_false(l->builtin);
	assert_int_equal(l->npatterns, 4);
	assert_string_equal(source_pos__str(&l->pos), "config.yaml:3:3");
	assert_int_equal(l->patterns[0].type, OBJECT_ANY);
	assert_true(l->patterns[2].exclude);
	assert_int_equal(l->patterns[3].type, OBJECT_USER);
	assert_string_equal(source_pos__str(&l->patterns[3].pos), "config.yaml:7:3");
	assert_int_equal(l->settings.max_series, 7);
	config__free(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars_for_lists),
		cmocka_unit_test(test_bare_probes),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
