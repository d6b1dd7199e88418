/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls, user functions, suggestions, and --probe.list. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "discover/list.h"
#include "discover_world.h"

/* ---- system calls --------------------------------------------------------------------------- */

static void test_syscalls(void **state)
{
	struct fixture f = { 0 };
	const struct target *t;

	LIST(&f, "syscall:openat", "syscall:exit*", "syscall:rt_sigreturn", "syscall:nosuch|mseal");
	run(&f);
	check(&f, "openat mseal denied:exit* denied:rt_sigreturn");
	t = f.targets->v[0];
	assert_int_equal(t->type, TARGET_SYSCALL);
	assert_string_equal(t->object, "syscall");
	assert_int_equal(t->kind, RP_KIND_ERRNO);
	assert_int_equal(t->ret_size, 8);
	assert_true(t->nr > 0);
	assert_int_equal(f.targets->v[1]->nr, 462);
	done(&f);

	check_why("syscall:opennat", "not_found:opennat", "did you mean openat");
	check_why("syscall:zzz*", "not_found:zzz*", "no system call matches zzz*");
	check_why("syscall:exit", "denied:exit", "never returns");
}

/* ---- user functions ------------------------------------------------------------------------- */

static char *probe_of(const char *file, const char *function)
{
	return xasprintf("%s/%s:%s", dir, file, function);
}

static void check_user(const char *file, const char *function, const char *want, const char *words)
{
	__cleanup_free char *probe = probe_of(file, function);

	check_why(probe, want, words);
}

static void test_user(void **state)
{
	struct fixture f = { 0 };
	__cleanup_free char *beta = probe_of("prog", "beta"), *glob = probe_of("prog", "*");
	__cleanup_free char *cloned = probe_of("prog", "nosuch|cloned");
	__cleanup_free char *no_pick = xasprintf("!%s/prog:*pick*", dir);
	__cleanup_free char *path = xasprintf("%s/prog", dir);
	const struct target *t;

	LIST(&f, beta, cloned, glob, no_pick);
	run(&f);
	check(&f, "beta cloned.isra.0 alpha many.constprop.0 many.isra.0");
	t = f.targets->v[0];
	assert_int_equal(t->type, TARGET_USER);
	assert_string_equal(t->object, path);
	assert_int_equal(t->offset, ELF_FIXTURE_OFFSET + 8);
	assert_int_equal(t->kind, RP_KIND_RAW);
	assert_int_equal(t->ret_size, 4);
	done(&f);
}

static void test_user_refused(void **state)
{
	check_user("prog", "twice", "ambiguous:twice", "2 functions of that name");
	check_user("prog", "many", "ambiguous:many", "2 variants");
	check_user("prog", "pick", "denied:pick", "name the implementation, as __pick_fast");
	check_user("prog", "aplha", "not_found:aplha", "did you mean alpha");
	check_user("prog", "zz*", "not_found:zz*", "matches zz*");
	check_user("nosuch", "alpha", "not_found:alpha", "there is no file");
	check_user("vmlinux", "alpha", "not_found:alpha", "not an ELF file");
}

/* Names that exist, but as another kind of target. */
static void test_other_kinds(void **state)
{
	static const char *const calls[] = { "openat",		 "sys_openat",
					     "__x64_sys_openat", "__arm64_sys_openat",
					     "ksys_openat",	 "__NR_openat" };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		__cleanup_free char *want = xasprintf("not_found:%s", calls[i]);

		check_why(calls[i], want, "; did you mean syscall:openat?");
	}
	check_why("opneat", "not_found:opneat", "; did you mean syscall:openat");
	check_why("opena*", "not_found:opena*", "; did you mean 'syscall:opena*'?");
	check_why("syscall:sys_openat", "not_found:sys_openat", "; did you mean syscall:openat?");
	check_why("syscall:vfs_read", "not_found:vfs_read", "; did you mean vfs_read?");
	check_why("syscall:vfs_*", "not_found:vfs_*", "; did you mean 'vfs_*'?");
	check_user("prog", "vfs_read", "not_found:vfs_read", "; did you mean vfs_read?");
	check_user("prog", "openat", "not_found:openat", "; did you mean syscall:openat?");
	check_user("prog", "vfs_r*", "not_found:vfs_r*", "; did you mean 'vfs_r*'?");
	/* Not those on the denylist. */
	check_why("exit_group", "not_found:exit_group", "no function exit_group");
}

/* Not a kernel object, so nothing waits for it. */
static void test_other_objects(void **state)
{
	__cleanup_free char *path = xasprintf("%s:/bin", dir), *old = xstrdup(getenv("PATH"));
	__cleanup_free char *prog = xasprintf("this kernel has no module prog; did you mean "
					      "%s/prog:alpha?",
					      dir);
	__cleanup_free char *typed = xasprintf("%s/porg:alpha", dir);
	__cleanup_free char *near =
		xasprintf("there is no file %s/porg; did you mean %s/prog:alpha?", dir, dir);

	setenv("PATH", path, 1);
	check_why("prog:alpha", "not_found:alpha", prog);
	check_why("ext44:f", "not_found:f",
		  "this kernel has no module ext44; did you mean ext4:f?");
	check_why("ext44:f*", "not_found:f*",
		  "this kernel has no module ext44; did you mean ext4:f*?");
	check_why("fuse:gone", "not_found:gone", "no function gone in fuse");
	check_why("libnone.so.6:f", "not_found:f", "libnone.so.6 is not a kernel module");
	check_why("tracepoint:sched:sched_switch", "not_found:sched:sched_switch",
		  "tracefs has no list of tracepoints here");
	check_why("tp:sched:sched_switch", "not_found:sched:sched_switch",
		  "tp is not a kernel module; write tracepoint:sched:sched_switch");
	check_why("kretprobe:vfs_read", "not_found:vfs_read", "write vfs_read alone");
	check_why(typed, "not_found:alpha", near);
	setenv("PATH", old, 1);
}

/* As in a container: it waits, and logs what it could not read. */
static void test_unknown_modules(void **state)
{
	const char *all = env.modules_dir;

	env.modules_dir = NOWHERE;
	check_why("ext44:f", "waiting:f",
		  "module ext44 is not loaded; it will be probed once it is (cannot check whether "
		  "this kernel has it: " NOWHERE "/modules.dep: No such file or directory)");
	check_why("libnone.so.6:f", "not_found:f", "libnone.so.6 is not a kernel module");
	env.modules_dir = all;
}

#if defined(__x86_64__)
static void test_calls_of_32_bit_programs(void **state)
{
	static const char *const rows[][2] = {
		{ "umount", "umount2" },     { "waitpid", "wait4" },
		{ "fcntl64", "fcntl" },	     { "chown32", "chown" },
		{ "futex_time64", "futex" }, { "sigprocmask", "rt_sigprocmask" },
		{ "oldstat", "stat" },	     { "_llseek", "lseek" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *probe = xasprintf("syscall:%s", rows[i][0]);
		__cleanup_free char *note = xasprintf("only 32-bit programs make this system call; "
						      "probe syscall:%s for 64-bit programs",
						      rows[i][1]);
		struct fixture f = { 0 };

		log__setup((enum log_level)(LOG_ERROR + 1), LOG_LOGFMT);
		LIST(&f, probe);
		run(&f);
		check(&f, rows[i][0]);
		assert_string_equal(f.targets->v[0]->note, note);
		done(&f);
	}
}
#endif

/* C++ and Rust names as in the source. The label is the symbol that matched. */
static void test_demangled(void **state)
{
	static const char *const rows[][3] = {
		/* typed, function, signature */
		{ "ns::f::method", "ns::f::method(int)", "ns::f::method(int)" },
		{ "ns::f::method(int)", "ns::f::method(int)", "ns::f::method(int)" },
		{ "_ZN2ns1f6methodEi", "_ZN2ns1f6methodEi", "ns::f::method(int)" },
		{ "ns::f::over(double)", "ns::f::over(double)", "ns::f::over(double)" },
		{ "ns::f::f", "ns::f::f()", "ns::f::f()" },
		{ "parse", "parse(char const*)", "parse(char const*)" },
		{ "::parse", "parse(char const*)", "parse(char const*)" },
		{ "parse(char const*)", "parse(char const*)", "parse(char const*)" },
		{ "crate::work", "crate::work", "crate::work" },
		{ "plain", "plain", NULL },
	};
	struct fixture f = { 0 };
	__cleanup_free char *glob = probe_of("source", "ns::f*");
	__cleanup_free char *but = xasprintf("!%s/source:ns::f::method", dir);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *probe = probe_of("source", rows[i][0]);
		struct fixture one = { 0 };

		LIST(&one, probe);
		run(&one);
		check(&one, rows[i][1]);
		if (rows[i][2])
			assert_string_equal(one.targets->v[0]->signature, rows[i][2]);
		else
			assert_null(one.targets->v[0]->signature);
		done(&one);
	}
	/* D1 and D2 are two functions with one name: a glob leaves them out. */
	LIST(&f, glob, but);
	run(&f);
	check(&f, "ns::f::over(double) ns::f::over(int) ns::f::f()");
	done(&f);
	check_user("source", "ns::f::over", "ambiguous:ns::f::over",
		   "ns::f::over(double) (_ZN2ns1f4overEd), ns::f::over(int) (_ZN2ns1f4overEi)");
	check_user("source", "ns::f::~f", "ambiguous:ns::f::~f", "2 functions have that name");
	check_user("source", "ns::f::methd", "not_found:ns::f::methd",
		   "did you mean ns::f::method");
}

/* A demangled name has no type. A mismatch is an error of the configuration, not of the file. */
static void test_demangled_returns(void **state)
{
	struct fixture f = { 0 };
	__cleanup_free char *probe = probe_of("source", "ns::f::method");
	__cleanup_free char *error = xasprintf(
		"test.yaml:70:7: returns: enum does not suit %s/source:ns::f::method(int) "
		"(ns::f::method(int)), which returns a value of unknown type; write "
		"one of auto, errno, pointer, bool, unsigned, raw, value, size, void",
		dir);

	LIST(&f, probe);
	ask(&f, 0, RETURNS_ENUM);
	check_error(&f, error);
}

/* A glob leaves them out; an exact name reports why. */
static void test_user_denied(void **state)
{
	struct fixture f = { 0 };
	__cleanup_free char *glob = probe_of("hard", "*");

	LIST(&f, glob);
	run(&f);
	check(&f, "good good_too");
	done(&f);
	check_user("hard", "swapcontext", "denied:swapcontext", "returns on another stack");
	check_user("hard", "my_swap", "denied:my_swap", "returns on another stack");
	check_user("hard", "begin", "denied:begin", "it is not called");
	check_user("hard", "good.cold", "denied:good.cold", "a part of a function");
	check_user("hard", "*swap*", "denied:*swap*", "2 are denied");
}

/* ---- --probe.list --------------------------------------------------------------------------- */

static void check_list(const char *glob, int err, const char *want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(list__print(&env, glob, out), err);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void test_list(void **state)
{
	__cleanup_free char *user = probe_of("prog", "*a"), *want = NULL;

	check_list("vfs_read*", 0,
		   "vmlinux vfs_read errno ssize_t vfs_read(struct file *file, char *buf, size_t "
		   "count)\n"
		   "vmlinux vfs_readv raw -\n");
	check_list("ext4:*", 0,
		   "ext4 both_places raw -\n"
		   "ext4 ext4_read_iter raw -\n"
		   "ext4 ext4_sync_file errno int ext4_sync_file(void)\n");
	check_list("syscall:mseal", 0, "syscall mseal errno -\n");
	want = xasprintf("%s/prog alpha raw -\n%s/prog beta raw -\n", dir, dir);
	check_list(user, 0, want);
}

static void test_list_nothing(void **state)
{
	__cleanup_free char *missing = probe_of("nosuch", "*");

	log__setup(LOG_ERROR + 1, LOG_LOGFMT);
	check_list("do_exit", -ENOENT, "");
	check_list("syscall:exit", -ENOENT, "");
	check_list("vfs_hidden", -ENOENT, "");
	check_list("twice", -ENOENT, "");
	check_list(missing, -ENOENT, "");
	log__setup(LOG_ERROR, LOG_LOGFMT);
}

static void test_list_all(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(list__print(&env, NULL, out), 0);
	fclose(out);
	assert_int_equal(strncmp(text, "vmlinux __do_sys_getpid errno ", 30), 0);
	assert_non_null(strstr(text, "\nnf_conntrack nf_hook_one raw -\n"));
	assert_non_null(strstr(text, "\nsyscall openat errno -\n"));
	assert_null(strstr(text, "do_exit"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syscalls),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_demangled),
		cmocka_unit_test(test_demangled_returns),
		cmocka_unit_test(test_other_objects),
		cmocka_unit_test(test_unknown_modules),
#if defined(__x86_64__)
		cmocka_unit_test(test_calls_of_32_bit_programs),
#endif
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_refused),
		cmocka_unit_test(test_user_denied),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_nothing),
		cmocka_unit_test(test_list_all),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
