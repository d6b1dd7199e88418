/* SPDX-License-Identifier: GPL-2.0-only */
/* The PROBE grammar: the meaning of each form, the error messages, and matching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/pattern.h"

#include <errno.h>

static const struct {
	const char *text;
	enum object_type type;
	const char *object;
	bool glob, exclude;
	const char *functions[4];
} good[] = {
	{ "vfs_read", OBJECT_ANY, NULL, false, false, { "vfs_read" } },
	{ "vfs_*", OBJECT_ANY, NULL, true, false, { "vfs_*" } },
	{ "vfs_rea?", OBJECT_ANY, NULL, true, false, { "vfs_rea?" } },
	{ "vfs_[rw]*", OBJECT_ANY, NULL, true, false, { "vfs_[rw]*" } },
	{ "[!_]*", OBJECT_ANY, NULL, true, false, { "[!_]*" } },
	{ "[]x]", OBJECT_ANY, NULL, true, false, { "[]x]" } },
	{ "vmlinux:f[[:digit:]]", OBJECT_KERNEL, "vmlinux", true, false, { "f[[:digit:]]" } },
	{ "f.isra.0", OBJECT_ANY, NULL, false, false, { "f.isra.0" } },
	{ "!vfs_readv", OBJECT_ANY, NULL, false, true, { "vfs_readv" } },
	{ "!vfs_*", OBJECT_ANY, NULL, true, true, { "vfs_*" } },
	{ "a|b|c", OBJECT_ANY, NULL, false, false, { "a", "b", "c" } },
	{ "!ext4:a|b", OBJECT_KERNEL, "ext4", false, true, { "a", "b" } },
	{ "vmlinux:vfs_read", OBJECT_KERNEL, "vmlinux", false, false, { "vfs_read" } },
	{ "ext4:ext4_*", OBJECT_KERNEL, "ext4", true, false, { "ext4_*" } },
	{ "nf-tables:nft_do_chain", OBJECT_KERNEL, "nf_tables", false, false, { "nft_do_chain" } },
	{ "8021q:vlan_dev_open", OBJECT_KERNEL, "8021q", false, false, { "vlan_dev_open" } },
	/* No module has such a name, but discovery reports it better. */
	{ "libstdc++-x.so.6:f", OBJECT_KERNEL, "libstdc++-x.so.6", false, false, { "f" } },
	{ "syscall:openat", OBJECT_SYSCALL, NULL, false, false, { "openat" } },
	{ "syscall:*", OBJECT_SYSCALL, NULL, true, false, { "*" } },
	{ "!syscall:poll|ppoll", OBJECT_SYSCALL, NULL, false, true, { "poll", "ppoll" } },
	{ "tracepoint:block:a|block:b",
	  OBJECT_TRACEPOINT,
	  NULL,
	  false,
	  false,
	  { "block:a", "block:b" } },
	{ "!tracepoint:block:*", OBJECT_TRACEPOINT, NULL, true, true, { "block:*" } },
	{ "raw_tracepoint:a|b", OBJECT_RAW_TRACEPOINT, NULL, false, false, { "a", "b" } },
	{ "!raw_tracepoint:sched_*", OBJECT_RAW_TRACEPOINT, NULL, true, true, { "sched_*" } },
	{ "/bin/x:usdt:n", OBJECT_USDT, "/bin/x", false, false, { "n" } },
	{ "!/opt/a:b/c:usdt:p:*", OBJECT_USDT, "/opt/a:b/c", true, true, { "p:*" } },
	{ "/bin/x:usdt:p:n|m", OBJECT_USDT, "/bin/x", false, false, { "p:n", "m" } },
	{ "entry:f", OBJECT_ANY, NULL, false, false, { "f" } },
	{ "!entry:ext4:f*", OBJECT_KERNEL, "ext4", true, true, { "f*" } },
	{ "/bin/x:entry:n", OBJECT_ENTRY, "/bin/x", false, false, { "n" } },
	{ "!/opt/a:b/c:entry:ns::f*", OBJECT_ENTRY, "/opt/a:b/c", true, true, { "ns::f*" } },
	{ "/bin/x:entry::f", OBJECT_USER, "/bin/x", false, false, { "entry::f" } }, /* C++ */
	{ "/bin/x:usdt::f", OBJECT_USER, "/bin/x", false, false, { "usdt::f" } },   /* C++ */
	{ "/bin/x:usdt", OBJECT_USER, "/bin/x", false, false, { "usdt" } },
	/* Further colons belong to FUNCTION: the first one ends OBJECT. */
	{ "ext4:a:b", OBJECT_KERNEL, "ext4", false, false, { "a:b" } },

	/* An ELF path is split at the last colon, and is literal. */
	{ "/usr/lib/libc.so.6:malloc",
	  OBJECT_USER,
	  "/usr/lib/libc.so.6",
	  false,
	  false,
	  { "malloc" } },
	{ "./a.out:main", OBJECT_USER, "./a.out", false, false, { "main" } },
	{ "/opt/a:b/c:f*", OBJECT_USER, "/opt/a:b/c", true, false, { "f*" } },
	{ "/opt/[x]*?!|\\y:f", OBJECT_USER, "/opt/[x]*?!|\\y", false, false, { "f" } },
	{ "/bin/go:net/http.(\\*conn).serve",
	  OBJECT_USER,
	  "/bin/go",
	  false,
	  false,
	  { "net/http.(*conn).serve" } },
	{ "/bin/x:a\\:b", OBJECT_USER, "/bin/x", false, false, { "a:b" } },
	{ "!/bin/x:f", OBJECT_USER, "/bin/x", false, true, { "f" } },

	/* Colons in C++ and Rust names. */
	{ "/bin/x:ns::klass::method",
	  OBJECT_USER,
	  "/bin/x",
	  false,
	  false,
	  { "ns::klass::method" } },
	{ "/bin/x:std::terminate()", OBJECT_USER, "/bin/x", false, false, { "std::terminate()" } },
	{ "/bin/x:::f", OBJECT_USER, "/bin/x", false, false, { "::f" } },
	{ "/opt/a::b/x:ns::f", OBJECT_USER, "/opt/a::b/x", false, false, { "ns::f" } },
	{ "/bin/x:ns::*", OBJECT_USER, "/bin/x", true, false, { "ns::*" } },
	{ "/bin/x:f(char const*)", OBJECT_USER, "/bin/x", true, false, { "f(char const*)" } },
	{ "/bin/x:f[abi:cxx11]()", OBJECT_USER, "/bin/x", true, false, { "f[abi:cxx11]()" } },
	{ "/bin/x:v::operator[]", OBJECT_USER, "/bin/x", true, false, { "v::operator[]" } },
	{ "/bin/x:f()::{lambda(auto:1)#1}::operator()",
	  OBJECT_USER,
	  "/bin/x",
	  false,
	  false,
	  { "f()::{lambda(auto:1)#1}::operator()" } },
	{ "/proc/1/exe:a|b", OBJECT_USER, "/proc/1/exe", false, false, { "a", "b" } },

	/* Escapes are removed from names, and kept for fnmatch in globs. */
	{ "a\\*b", OBJECT_ANY, NULL, false, false, { "a*b" } },
	{ "a\\|b", OBJECT_ANY, NULL, false, false, { "a|b" } },
	{ "a\\|b|c", OBJECT_ANY, NULL, false, false, { "a|b", "c" } },
	{ "a\\:b", OBJECT_ANY, NULL, false, false, { "a:b" } },
	{ "a\\\\", OBJECT_ANY, NULL, false, false, { "a\\" } },
	{ "\\!a", OBJECT_ANY, NULL, false, false, { "!a" } },
	{ "\\[a\\]", OBJECT_ANY, NULL, false, false, { "[a]" } },
	{ "a\\*b*", OBJECT_ANY, NULL, true, false, { "a\\*b*" } },
	{ "a\\bc", OBJECT_ANY, NULL, false, false, { "abc" } },
};

static void test_good(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct pattern p = {};
		char *why = NULL;
		size_t n = 0;

		if (pattern__parse(good[i].text, &p, &why))
			fail_msg("%s: %s", good[i].text, why);
		assert_string_equal(p.text, good[i].text);
		if (p.type != good[i].type || p.glob != good[i].glob ||
		    p.exclude != good[i].exclude)
			fail_msg("%s: type %d, glob %d, exclude %d", good[i].text, p.type, p.glob,
				 p.exclude);
		if (good[i].object)
			assert_string_equal(p.object, good[i].object);
		else
			assert_null(p.object);
		while (n < 4 && good[i].functions[n])
			n++;
		assert_int_equal(p.nfunctions, n);
		for (size_t k = 0; k < n; k++)
			assert_string_equal(p.functions[k], good[i].functions[k]);
		pattern__free(&p);
	}
}

#define MISSING "a function's name is missing"
#define BRACKET "unbalanced '[' or ']'; write \\[ or \\] for the character itself"
#define OBJECT \
	"; OBJECT is a module, vmlinux, syscall, tracepoint, raw_tracepoint, or a path with a '/'"
#define SLASH                                                                                     \
	"no kernel function has a '/' in its name; for a function of a program or library write " \
	"PATH:FUNCTION"

static const struct {
	const char *text, *why;
#define NO_EVENT "a tracepoint is SUBSYSTEM:EVENT, as in tracepoint:block:block_rq_issue"
} bad[] = {
	{ "", MISSING },
	{ "!", MISSING },
	{ "ext4:", MISSING },
	{ "!ext4:", MISSING },
	{ "/bin/x:", MISSING },
	{ "a||b", MISSING " behind '|'" },
	{ "a|", MISSING " behind '|'" },
	{ "|a", MISSING },
	{ ":f",
	  "nothing before the ':'; leave it out, or name a module, vmlinux, syscall or a path" },
	{ "usdt:postgres:query__start",
	  "a USDT probe is PATH:usdt:NAME or PATH:usdt:PROVIDER:NAME, as in "
	  "/usr/lib/postgresql/15/bin/postgres:usdt:query__start" },
	{ "tracepoint:sched_switch", NO_EVENT },
	{ "tracepoint:a:b:c", NO_EVENT },
	{ "tracepoint:*", NO_EVENT },
	{ "tracepoint::b", NO_EVENT },
	{ "raw_tracepoint:sched:sched_switch",
	  "a raw tracepoint has a name and no subsystem: write raw_tracepoint:sched_switch" },
	{ "raw_tracepoint:a:",
	  "a raw tracepoint has a name and no subsystem: write raw_tracepoint:NAME" },
	{ "vfs_*|vfs_read", "no globs in a list of alternatives a|b; write one PROBE for each" },
	{ "a|b?", "no globs in a list of alternatives a|b; write one PROBE for each" },
	{ "vfs_[rw", BRACKET },
	{ "vfs_]", BRACKET },
	{ "[]", BRACKET },
	{ "a\\", "a '\\' at the end escapes nothing; write \\\\ for the character itself" },
	{ "a|!b", "'!' goes first, before OBJECT: too (\\! for the character itself)" },
	{ "ext4:!a", "'!' goes first, before OBJECT: too (\\! for the character itself)" },
	{ "ext*:f", "globs are for functions only, and \"ext*\" is to be a module's name" },
	{ "a|ext4:f", "\"a|ext4\" is not a module's name" OBJECT },
	{ "libc so:malloc", "\"libc so\" is not a module's name" OBJECT },
	{ "/usr/sbin/nginx", SLASH },
	{ "std::terminate()",
	  "no kernel function has \"::\" in its name; for a function of a program or library write "
	  "PATH:std::terminate()" },
	{ "ext4:a/b", SLASH },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pattern p;
		char *why = NULL;

		if (pattern__parse(bad[i].text, &p, &why) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i].text);
		if (strcmp(why, bad[i].why))
			fail_msg("\"%s\":\n  %s\nnot\n  %s", bad[i].text, why, bad[i].why);
		free(why);
	}
}

static void test_in_known_object(void **state)
{
	struct pattern p;
	char *why = NULL;

	assert_int_equal(pattern__parse_in(OBJECT_USER, "/bin/x", "!ns::f*", &p, &why), 0);
	assert_int_equal(p.type, OBJECT_USER);
	assert_string_equal(p.object, "/bin/x");
	assert_string_equal(p.text, "!/bin/x:ns::f*");
	assert_string_equal(p.functions[0], "ns::f*");
	assert_true(p.exclude && p.glob);
	pattern__free(&p);

	assert_int_equal(pattern__parse_in(OBJECT_SYSCALL, NULL, "openat", &p, &why), 0);
	assert_int_equal(p.type, OBJECT_SYSCALL);
	assert_null(p.object);
	assert_string_equal(p.text, "syscall:openat");
	pattern__free(&p);

	/* An unnecessary prefix is harmless. */
	assert_int_equal(pattern__parse_in(OBJECT_SYSCALL, NULL, "!syscall:poll", &p, &why), 0);
	assert_string_equal(p.functions[0], "poll");
	assert_string_equal(p.text, "!syscall:poll");
	pattern__free(&p);

	assert_int_equal(pattern__parse_in(OBJECT_SYSCALL, NULL, "ext4:f", &p, &why), -EINVAL);
	assert_string_equal(why, "a system call's name has no ':'; put this under functions");
	free(why);
}

static const struct {
	const char *pattern, *name;
	bool matches;
} matches[] = {
	{ "vfs_read", "vfs_read", true },
	{ "vfs_read", "vfs_readv", false },
	{ "vfs_*", "vfs_read", true },
	{ "vfs_*", "vfs_", true },
	{ "vfs_*", "ksys_read", false },
	{ "*", "f.isra.0", true },
	{ "vfs_rea?", "vfs_read", true },
	{ "vfs_rea?", "vfs_rea", false },
	{ "[!v]*", "vfs_read", false },
	{ "[!v]*", "ksys_read", true },
	{ "vmlinux:f[[:digit:]]", "f7", true },
	{ "vmlinux:f[[:digit:]]", "fx", false },
	{ "a|b", "b", true },
	{ "a|b", "a|b", false },
	{ "a\\*", "a*", true },
	{ "a\\*", "ab", false },
	{ "a\\*?", "a*b", true },
	{ "a\\*?", "abb", false },
	{ "!vfs_*", "vfs_read", true }, /* the caller decides what to do with it */
	{ "ext4:f", "f", true },
	{ "/bin/x:f\\[1\\]", "f[1]", true },
};

static void test_matches(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		struct pattern p;
		char *why = NULL;

		assert_int_equal(pattern__parse(matches[i].pattern, &p, &why), 0);
		if (pattern__matches(&p, matches[i].name) != matches[i].matches)
			fail_msg("%s, %s", matches[i].pattern, matches[i].name);
		pattern__free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_in_known_object),
		cmocka_unit_test(test_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
