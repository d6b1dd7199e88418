/* SPDX-License-Identifier: GPL-2.0-only */
/* Presets, and their precedence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/file.h"
#include "config/presets.h"
#include "config_fixture.h"

/* The probe's own key, then `defaults`, then the flag (NULL here: attach uses c->mechanism). */
static void test_precedence(void **state)
{
	struct config *c;

	write_file("defaults: {mechanism: tracepoint, maxactive: 7}\n"
		   "probes:\n"
		   "- {functions: a, mechanism: auto, maxactive: 8}\n"
		   "- {functions: b}\n");
	c = PARSE("--mechanism=kretprobe", "--config.file=config.yaml", "p");
	assert_string_equal(c->mechanism, "kretprobe");
	assert_int_equal(c->nlists, 3);
	for (size_t i = 0; i < c->nlists; i++) {
		const struct probe_list *l = &c->lists[i];
		bool own = !strcmp(l->patterns[0].text, "a");

		assert_string_equal(l->settings.mechanism, own ? "auto" : "tracepoint");
		assert_int_equal(l->settings.maxactive, own ? 8 : 7);
	}
	config__free(c);

	write_file("probes: [{functions: a}]");
	c = PARSE("--mechanism=kretprobe", "--config.file=config.yaml");
	assert_null(c->lists[0].settings.mechanism);
	assert_int_equal(c->lists[0].settings.maxactive, 4096);
	config__free(c);
}

static size_t count_patterns(const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nlists; i++)
		n += c->lists[i].npatterns;
	return n;
}

/* Each shipped preset is valid, and its probes name it as their origin. */
static void test_presets(void **state)
{
	for (const struct preset *p = presets; p->name; p++) {
		struct config *c = PARSE("--preset", p->name);
		char *file = xasprintf("preset:%s", p->name);

		assert_false(c->is_default_set);
		assert_true(count_patterns(c) > 0);
		for (size_t i = 0; i < c->nlists; i++) {
			assert_true(c->lists[i].builtin);
			assert_int_equal(c->lists[i].settings.maxactive, 4096);
			assert_string_equal(c->lists[i].patterns[0].pos.file, file);
			assert_true(c->lists[i].patterns[0].pos.line > 0);
		}
		config__free(c);
		free(file);
	}
}

static void test_presets_once(void **state)
{
	struct config *once, *c;
	size_t n;

	once = PARSE("--preset=vfs");
	n = count_patterns(once);
	config__free(once);

	write_file("presets: [vfs, vfs]\n");
	c = PARSE("--preset=vfs", "--config.file=config.yaml", "--preset=vfs", "foo");
	assert_int_equal(count_patterns(c), n + 1);
	assert_false(c->is_default_set);
	config__free(c);
}

static const struct probe_list *first_builtin(const struct config *c)
{
	for (size_t i = 0; i < c->nlists; i++)
		if (c->lists[i].builtin)
			return &c->lists[i];
	return NULL;
}

/* An exclusion can refer to presets alone. */
static void test_exclusions_from_presets(void **state)
{
	struct config *c = PARSE("--preset=tcp", "!tcp_v4_rcv");

	assert_true(c->lists[0].bare);
	assert_true(c->lists[0].patterns[0].exclude);
	assert_non_null(first_builtin(c));
	assert_false(first_builtin(c)->bare);
	config__free(c);

	write_file("presets: [\"!tcp_v4_rcv\", tcp, \"!tcp_ack\"]\n");
	c = PARSE("--config.file=config.yaml");
	assert_true(c->lists[0].bare);
	assert_int_equal(c->lists[0].npatterns, 2);
	assert_string_equal(source_pos__str(&c->lists[0].patterns[1].pos), "config.yaml:1:31");
	assert_non_null(first_builtin(c));
	config__free(c);
	config__free(PARSE("--config.file=config.yaml", "!tcp_sendmsg"));
}

static void test_unknown_preset(void **state)
{
	char *list = xstrdup(""), *expected, *error;

	for (const struct preset *p = presets; p->name; p++) {
		char *longer = xasprintf("%s%s%s", list, *list ? ", " : "", p->name);

		free(list);
		list = longer;
	}

	assert_null(parse((const char *const[]){ "a", "--preset", "vsf", NULL }, &error));
	expected = xasprintf(
		"argument 2: unknown preset \"vsf\"; did you mean vfs? (there are: %s)", list);
	assert_string_equal(error, expected);
	free(expected);
	free(error);

	write_file("presets:\n- vfs\n- nothing-like-it\n");
	assert_null(parse((const char *const[]){ "--config.file=config.yaml", NULL }, &error));
	expected = xasprintf("config.yaml:3:3: unknown preset \"nothing-like-it\" (there are: %s)",
			     list);
	assert_string_equal(error, expected);
	free(expected);
	free(error);
	free(list);
}

/* The same parser reads presets, which cannot set what only the user may set. */
static void test_preset_schema(void **state)
{
	static const char text[] = "defaults: {maxactive: 1}";
	struct loader l = { .c = config__new() };
	char *error = NULL;

	assert_int_equal(config_file__load(&l, "preset:x", text, strlen(text), true, &error),
			 -EINVAL);
	assert_string_equal(error, "preset:x:1:1: unknown key \"defaults\" in a preset (allowed: "
				   "probes, spans)");
	free(error);
	config__free(l.c);
}

static void test_default_set(void **state)
{
	for (int kernel_probes = 0; kernel_probes <= 1; kernel_probes++) {
		struct config *c = parse_good((const char *const[]){ NULL });
		char *error = NULL;
		size_t n;

		assert_int_equal(config__add_default_set(c, kernel_probes, &error), 0);
		assert_null(error);
		n = count_patterns(c);
		assert_in_range(n, 15, 30);
		for (size_t i = 0; i < c->nlists; i++) {
			const struct probe_list *l = &c->lists[i];

			assert_true(l->builtin);
			assert_int_equal(l->settings.maxactive, 4096);
			for (size_t k = 0; k < l->npatterns; k++)
				assert_int_equal(l->patterns[k].type, l->settings.span ? OBJECT_SPAN
								      : kernel_probes
									      ? OBJECT_ANY
									      : OBJECT_SYSCALL);
		}
		config__free(c);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_presets_once),
		cmocka_unit_test(test_exclusions_from_presets),
		cmocka_unit_test(test_unknown_preset),
		cmocka_unit_test(test_preset_schema),
		cmocka_unit_test(test_default_set),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
