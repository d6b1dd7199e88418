/* SPDX-License-Identifier: GPL-2.0-only */
/* Several names of one function: one target with all requested names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "discover_fixture.h"
#include "elf_fixture.h"
#include "base/log.h"

#define NOWHERE "tests/unit/fixtures/none"

static char *dir, *path, *hard, *link_path;

static int setup_all(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "__lseek", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC, .size = 8 },
		{ .name = "lseek", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC, .size = 8 },
		{ .name = "lseek64", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "beside", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "__beside", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "beside.isra.0", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "beside.isra.0.cold", .addr = ELF_FIXTURE_VADDR + 32, .type = STT_FUNC },
		{ .name = "beside.part.0", .addr = ELF_FIXTURE_VADDR + 40, .type = STT_FUNC },
		{ .name = "besides", .addr = ELF_FIXTURE_VADDR + 48, .type = STT_FUNC },
		{ .name = "beside.main", .addr = ELF_FIXTURE_VADDR + 56, .type = STT_FUNC },
		{ .name = "left.isra.0", .addr = ELF_FIXTURE_VADDR + 64, .type = STT_FUNC },
		{ .name = "left.part.1", .addr = ELF_FIXTURE_VADDR + 72, .type = STT_FUNC },
		{ .name = "read", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC, .size = 8 },
	};
	struct elf_fixture f = { .machine = ELF_FIXTURE_MACHINE,
				 .type = ET_DYN,
				 .symbols = symbols,
				 .nsymbols = ARRAY_SIZE(symbols) };

	log__setup(LOG_ERROR, LOG_LOGFMT);
	env = (struct discover_env){ .kallsyms = NOWHERE,
				     .available_filter_functions = NOWHERE,
				     .kprobe_blacklist = NOWHERE,
				     .btf_dir = NOWHERE,
				     .tracefs = -1 };
	dir = temp_dir__new();
	path = elf_fixture__write(dir, "prog", &f);
	hard = xasprintf("%s/hard", dir);
	link_path = xasprintf("%s/link", dir);
	assert_int_equal(link(path, hard), 0);
	assert_int_equal(symlink("prog", link_path), 0);
	return 0;
}

static int teardown_all(void **state)
{
	free(path);
	free(hard);
	free(link_path);
	temp_dir__remove(dir);
	return 0;
}

/* PATH:FUNCTION in a static buffer, valid for the next few calls. */
static const char *of(const char *file, const char *function)
{
	static char *texts[8];
	static size_t n;
	char **text = &texts[n++ % ARRAY_SIZE(texts)];

	free(*text);
	*text = xasprintf("%s:%s", file, function);
	return *text;
}

static void check_error(struct fixture *f, const char *words)
{
	assert_int_not_equal(discover__run(&f->config, &env, &f->targets, &f->error), 0);
	if (!strstr(f->error, words))
		fail_msg("\"%s\" does not say \"%s\"", f->error, words);
	done(f);
}

static void test_aliases(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, of(path, "lseek64"), of(path, "read"), of(path, "lseek"), of(path, "lseek64"));
	run(&f);
	check(&f, "lseek64=lseek read");
	assert_int_equal(f.targets->nids, 2);
	/* The file has only one name for it. */
	assert_int_equal(f.targets->v[0]->size, 8);
	done(&f);
}

static void test_globs(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, of(path, "*seek"), of(path, "*64"), of(path, "r*"));
	run(&f);
	check(&f, "__lseek=lseek=lseek64 read");
	done(&f);
}

static void test_paths(void **state)
{
	struct fixture f = { 0 };
	const struct target *t;

	LIST(&f, of(path, "lseek"), of(hard, "lseek64"), of(link_path, "lseek"));
	run(&f);
	check(&f, "lseek=lseek64=lseek");
	t = f.targets->v[0];
	assert_string_equal(target__name(t, 0).object, path);
	assert_string_equal(target__name(t, 1).object, hard);
	assert_string_equal(target__name(t, 2).object, link_path);
	done(&f);
}

/* With any of the names: exact beats glob, and two exact claims must agree. */
static void test_settings(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, of(path, "*seek"));
	LIST(&f, of(path, "lseek64"));
	f.lists[1].settings.maxactive = 7;
	run(&f);
	check(&f, "__lseek=lseek=lseek64");
	assert_ptr_equal(f.targets->v[0]->settings, &f.lists[1].settings);
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, of(path, "lseek64"));
	LIST(&f, of(hard, "lseek"));
	f.lists[0].settings.maxactive = 7;
	check_error(&f, "hard:lseek is the same function as ");
}

/* A name that a glob matches and an exact claim excludes stays excluded. */
static void test_exclusion(void **state)
{
	struct fixture f = { 0 };
	char *why = NULL;

	LIST(&f, of(path, "*see*"), "!x");
	pattern__free(&f.lists[0].patterns[1]);
	f.lists[0].patterns[1] = (struct pattern){};
	if (pattern__parse(of(path, "lseek"), &f.lists[0].patterns[1], &why))
		fail_msg("%s", why);
	f.lists[0].patterns[1].exclude = true;
	run(&f);
	check(&f, "__lseek=lseek64");
	done(&f);
}

/* If exact claims turn out to disagree while the exporter runs, no name is attached. */
static void test_lenient(void **state)
{
	struct fixture f = { 0 };

	env.lenient = true;
	LIST(&f, of(path, "lseek64"));
	LIST(&f, of(path, "lseek"));
	LIST(&f, of(path, "__l*"));
	f.lists[0].settings.maxactive = 7;
	run(&f);
	check(&f, "refused:lseek64=lseek=__lseek");
	done(&f);
	env.lenient = false;
}

/* The name with clones can be another name of the function. */
static void test_clones(void **state)
{
	struct fixture f = { 0 };
	__cleanup_free char *want = xasprintf(
		"some callers call beside.isra.0 instead, whose calls are not counted: add "
		"'%s:beside.*' to count them; callers that have inlined its beginning call "
		"beside.part.0 instead, whose calls are not counted: add '%s:beside.*' to count "
		"them, and with them calls from the function itself",
		hard, hard);

	LIST(&f, of(hard, "__beside"), of(hard, "besides"));
	run(&f);
	check(&f, "__beside besides");
	assert_string_equal(f.targets->v[0]->uncounted, want);
	assert_null(f.targets->v[1]->uncounted);
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, of(path, "beside"), of(hard, "beside.*"));
	run(&f);
	check(&f, "beside beside.isra.0 beside.main beside.part.0");
	for (size_t i = 0; i < f.targets->n; i++)
		assert_null(f.targets->v[i]->uncounted);
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, of(path, "left"));
	run(&f);
	check(&f, "left.isra.0");
	assert_non_null(strstr(f.targets->v[0]->uncounted, "call left.part.1 instead"));
	done(&f);
}

/* Two names with one address, or none. */
static void test_places(void **state)
{
	struct target a = { .type = TARGET_SYSCALL, .nr = 3, .nr32 = -1 }, b = a;
	struct target k = { .type = TARGET_KERNEL, .addr = 0xffffffff81000000 }, l = k;
	struct target h = { .type = TARGET_KERNEL, .object = (char *)"vmlinux" }, i = h;

	assert_int_equal(target__compare_places(&a, &b), 0);
	b.nr32 = 6;
	assert_int_not_equal(target__compare_places(&a, &b), 0);
	assert_int_equal(target__compare_places(&k, &l), 0);
	assert_int_not_equal(target__compare_places(&k, &a), 0);
	/* Where addresses are hidden, all are 0. */
	h.symbol = (char *)"f";
	i.symbol = (char *)"g";
	assert_int_not_equal(target__compare_places(&h, &i), 0);
	i.symbol = (char *)"f";
	assert_int_equal(target__compare_places(&h, &i), 0);
	i.object = (char *)"ext4";
	assert_int_not_equal(target__compare_places(&h, &i), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases),	  cmocka_unit_test(test_globs),
		cmocka_unit_test(test_paths),	  cmocka_unit_test(test_settings),
		cmocka_unit_test(test_exclusion), cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_places),	  cmocka_unit_test(test_clones),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
