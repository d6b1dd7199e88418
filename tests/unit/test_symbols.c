/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "base/strmap.h"
#include "kernel/symbols.h"
#include "kernel/syscalls.h"

#define FIXTURES "tests/unit/fixtures/"
#define NOWHERE	 FIXTURES "none"

static struct symbols *read_fixtures(const char *kallsyms, const char *filter)
{
	struct symbols_env env = {
		.kallsyms = kallsyms,
		.available_filter_functions = filter,
		.kprobe_blacklist = FIXTURES "kprobe_blacklist",
		.tracefs = -1,
	};
	struct symbols *s = NULL;

	assert_int_equal(symbols__read(&env, &s), 0);
	return s;
}

static const struct ksym *in_object(const struct symbols *s, const char *name, const char *object)
{
	const struct ksym *k = symbols__find(s, name);

	while (k && strcmp(k->object, object))
		k = symbols__next(s, k);
	return k;
}

static void test_join(void **state)
{
	struct symbols *s =
		read_fixtures(FIXTURES "kallsyms", FIXTURES "available_filter_functions");
	const struct ksym *k = symbols__find(s, "vfs_read");

	assert_int_equal(symbols__filter_error(s), 0);
	assert_non_null(k);
	assert_string_equal(k->object, "vmlinux");
	assert_int_equal(k->addr, 0xffffffff81000100);
	assert_int_equal(k->copies, 1);
	assert_int_equal(k->state, KSYM_TRACEABLE);
	assert_null(symbols__next(s, k));

	assert_int_equal(symbols__find(s, "vfs_hidden")->state, KSYM_NOTRACE);
	assert_int_equal(symbols__find(s, "pinned")->state, KSYM_BLACKLISTED);
	assert_int_equal(symbols__find(s, "weak_fn")->state, KSYM_TRACEABLE);
	assert_int_equal(symbols__find(s, "twice")->copies, 2);
	assert_int_equal(symbols__find(s, "alias_one")->copies, 1);
	symbols__free(s);
}

static uint64_t end_of(const struct symbols *s, const char *name)
{
	return symbols__end(s, symbols__find(s, name));
}

/* A function ends where anything else begins, or with its page. */
static void test_ends(void **state)
{
	struct symbols *s =
		read_fixtures(FIXTURES "kallsyms", FIXTURES "available_filter_functions");

	assert_int_equal(end_of(s, "vfs_read"), 0xffffffff81000200);
	assert_int_equal(end_of(s, "ext4_sync_file"), 0xffffffffc0001100);
	assert_int_equal(end_of(s, "ext4_read_iter"), 0xffffffffc0002000);
	assert_true(symbols__is_scheduler(s, symbols__find(s, "alias_one")));
	assert_false(symbols__is_scheduler(s, symbols__find(s, "pinned")));
	assert_false(symbols__is_scheduler(s, symbols__find(s, "__x64_sys_getpid")));
	symbols__free(s);
	s = read_fixtures(FIXTURES "kallsyms.hidden", NOWHERE);
	assert_int_equal(end_of(s, "vfs_read"), 0);
	symbols__free(s);
}

/* The kernel lists one name per address, both as traceable and as not traceable. */
static void test_aliases(void **state)
{
	static const char *const names[] = { "__do_sys_getpid", "__ia32_sys_getpid",
					     "__x64_sys_getpid" };
	struct symbols *s =
		read_fixtures(FIXTURES "kallsyms", FIXTURES "available_filter_functions");
	const struct ksym *k = symbols__find(s, names[0]);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(symbols__find(s, names[i])->state, KSYM_TRACEABLE);
	assert_string_equal(symbols__alias(s, k)->name, names[1]);
	assert_string_equal(symbols__alias(s, symbols__alias(s, k))->name, names[2]);
	assert_ptr_equal(symbols__alias(s, symbols__find(s, names[2])), k);
	assert_int_equal(symbols__find(s, "pinned_too")->state, KSYM_BLACKLISTED);
	k = symbols__find(s, "twice");
	assert_ptr_equal(symbols__alias(s, k), k);
	symbols__free(s);
}

static void test_objects(void **state)
{
	struct symbols *s =
		read_fixtures(FIXTURES "kallsyms", FIXTURES "available_filter_functions");

	assert_int_equal(in_object(s, "both_places", "vmlinux")->addr, 0xffffffff81000b00);
	assert_int_equal(in_object(s, "both_places", "ext4")->addr, 0xffffffffc0001100);
	assert_int_equal(in_object(s, "both_places", "ext4")->copies, 1);
	assert_true(symbols__has_object(s, "nf_conntrack"));
	assert_true(symbols__has_object(s, "vmlinux"));
	assert_false(symbols__has_object(s, "bpf"));
	assert_false(symbols__has_object(s, "xfs"));
	symbols__free(s);
}

static void test_no_functions(void **state)
{
	static const char *const names[] = {
		"_text",
		"_sinittext",
		"some_data",
		"__pfx_do_pad",
		"do_pad.cold",
		"one_clone.isra.0.cold",
		"bpf_prog_1234_x",
		"ftrace_trampoline",
		"__ftrace_invalid_address___672",
		"__softirqentry_text_start",
	};
	struct symbols *s =
		read_fixtures(FIXTURES "kallsyms", FIXTURES "available_filter_functions");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (symbols__find(s, names[i]))
			fail_msg("%s counts as a function", names[i]);
	}
	assert_null(symbols__find(s, "vfs_raed"));
	symbols__free(s);
}

/* Through a directory descriptor of tracefs, as the exporter itself does. */
static void test_tracefs(void **state)
{
	__cleanup_close int tracefs = open(FIXTURES, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct symbols_env env = { FIXTURES "kallsyms", NULL, NOWHERE, tracefs };
	struct symbols *s = NULL;

	assert_true(tracefs >= 0);
	assert_int_equal(symbols__read(&env, &s), 0);
	assert_int_equal(symbols__filter_error(s), 0);
	assert_int_equal(symbols__find(s, "vfs_hidden")->state, KSYM_NOTRACE);
	assert_int_equal(symbols__find(s, "pinned")->state, KSYM_TRACEABLE);
	symbols__free(s);
}

static void test_hidden_addresses(void **state)
{
	struct symbols *s = read_fixtures(FIXTURES "kallsyms.hidden", NOWHERE);

	assert_int_equal(symbols__find(s, "vfs_read")->addr, 0);
	assert_int_equal(symbols__find(s, "vfs_read")->state, KSYM_TRACEABLE);
	assert_int_equal(symbols__find(s, "twice")->copies, 2);
	symbols__free(s);
}

static void test_without_filter(void **state)
{
	struct symbols *s = read_fixtures(FIXTURES "kallsyms", NOWHERE);

	assert_int_equal(symbols__filter_error(s), -ENOENT);
	assert_int_equal(symbols__find(s, "vfs_hidden")->state, KSYM_TRACEABLE);
	assert_int_equal(symbols__find(s, "boot_only")->state, KSYM_INIT);
	assert_int_equal(symbols__find(s, "pinned")->state, KSYM_BLACKLISTED);
	symbols__free(s);
}

static void test_without_kallsyms(void **state)
{
	struct symbols *s = read_fixtures(NOWHERE, FIXTURES "available_filter_functions");
	size_t n;

	assert_int_equal(symbols__find(s, "vfs_read")->state, KSYM_TRACEABLE);
	assert_int_equal(symbols__find(s, "vfs_read")->copies, 1);
	assert_int_equal(symbols__find(s, "twice")->copies, 2);
	assert_non_null(in_object(s, "ext4_sync_file", "ext4"));
	symbols__all(s, &n);
	assert_int_equal(n, 23);
	symbols__free(s);
}

static void test_derived(void **state)
{
	/* ".cold" parts are no functions. */
	static const char *const names[] = { "one_clone.isra.0",   "two_clones.constprop.0",
					     "two_clones.isra.0",  "in_part.part.0",
					     "cookie_hash.isra.0", "cookie_hash.constprop.1" };
	struct symbols *s =
		read_fixtures(FIXTURES "kallsyms", FIXTURES "available_filter_functions");
	const struct ksym *const *derived;
	size_t n;

	derived = symbols__derived(s, &n);
	assert_int_equal(n, ARRAY_SIZE(names));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(derived[i]->name, names[i]);
	symbols__free(s);
}

static void test_without_anything(void **state)
{
	struct symbols_env env = { NOWHERE, NOWHERE, NOWHERE, -1 };
	struct symbols *s = NULL;

	assert_int_equal(symbols__read(&env, &s), -ENOENT);
	assert_null(s);
	symbols__free(NULL);
}

static void test_strmap(void **state)
{
	static char keys[5000][8];
	struct strmap m = { 0 };
	bool added;

	assert_null(strmap__find(&m, "0"));
	for (uint32_t i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(keys[i], sizeof(keys[i]), "%u", i);
		strmap__put(&m, keys[i], i, &added);
		assert_true(added);
	}
	assert_int_equal(*strmap__put(&m, "77", 1, &added), 77);
	assert_false(added);
	for (uint32_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(*strmap__find(&m, keys[i]), i);
	assert_null(strmap__find(&m, "5000"));
	assert_int_equal(m.n, ARRAY_SIZE(keys));
	strmap__free(&m);
	strmap__free(NULL);
}

static void test_syscalls(void **state)
{
	const struct syscall_entry *all, *entry = syscalls__find("mseal");
	size_t n;

	assert_int_equal(entry->nr, 462);
	assert_non_null(syscalls__find("file_setattr"));
	assert_null(syscalls__find("opennat"));
	assert_null(syscalls__find("__NR_read"));
	/* In arm64's headers, its number has another name, and this one is their number. */
	assert_int_equal(syscalls__find("lseek")->nr, SYS_lseek);
	assert_null(syscalls__find("syscalls"));
#ifdef __x86_64__
	assert_int_equal(entry->nr32, 462);
	assert_int_equal(syscalls__find("openat")->nr, 257);
	assert_int_equal(syscalls__find("openat")->nr32, 295);
	assert_int_equal(syscalls__find("waitpid")->nr, -1);
	assert_int_equal(syscalls__find("waitpid")->nr32, 7);
	assert_int_equal(syscalls__find("arch_prctl")->nr, 158);
#endif
	all = syscalls__all(&n);
	assert_true(n > 300);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(all[i - 1].name, all[i].name) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_no_functions),
		cmocka_unit_test(test_tracefs),
		cmocka_unit_test(test_hidden_addresses),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_without_filter),
		cmocka_unit_test(test_without_kallsyms),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_without_anything),
		cmocka_unit_test(test_strmap),
		cmocka_unit_test(test_syscalls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
