/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel functions, and conflicts between claims. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "discover_world.h"

static void set_module(struct probe_list *l, const char *module)
{
	char *why = NULL;

	for (size_t i = 0; i < l->npatterns; i++)
		if (pattern__set_module(&l->patterns[i], module, &why))
			fail_msg("%s: %s", module, why);
}

/* ---- kernel functions ----------------------------------------------------------------------- */

static void test_exact(void **state)
{
	struct fixture f = { 0 };
	const struct target *t;

	LIST(&f, "vfs_write", "vfs_read", "ext4:ext4_sync_file");
	run(&f);
	check(&f, "vfs_write vfs_read ext4_sync_file");
	assert_int_equal(f.targets->nids, 3);
	t = f.targets->v[1];
	assert_int_equal(t->type, TARGET_KERNEL);
	assert_string_equal(t->object, "vmlinux");
	assert_string_equal(t->symbol, "vfs_read");
	assert_int_equal(t->addr, 0xffffffff81000100);
	assert_int_equal(t->kind, RP_KIND_ERRNO);
	assert_int_equal(t->ret_size, 8);
	assert_string_equal(t->signature,
			    "ssize_t vfs_read(struct file *file, char *buf, size_t count)");
	assert_ptr_equal(t->settings, &f.lists[0].settings);
	assert_ptr_equal(t->pos, &f.lists[0].patterns[1].pos);

	t = f.targets->v[0]; /* has no BTF */
	assert_int_equal(t->kind, RP_KIND_RAW);
	assert_int_equal(t->ret_size, 4);
	assert_null(t->signature);
	t = f.targets->v[2];
	assert_string_equal(t->object, "ext4");
	assert_string_equal(t->signature, "int ext4_sync_file(void)");
	assert_int_equal(t->ret_size, 4);
	done(&f);
}

static void test_missing(void **state)
{
	check_why("vfs_raed", "not_found:vfs_raed",
		  "no function vfs_raed in this kernel; did you mean vfs_read");
	check_why("nothing_like_it", "not_found:nothing_like_it", "if it is in a module");
	check_why("xfs:xfs_file_fsync", "waiting:xfs_file_fsync",
		  "module xfs is not loaded; it will be probed once it is");
	check_why("xfs:xfs_*", "waiting:xfs_*", "module xfs is not loaded");
	/* Its own symbol must not help it. */
	check_why("xfs:vfs_read", "not_found:vfs_read", "write vmlinux:vfs_read");
	check_why("ext4:vfs_read", "not_found:vfs_read", "write vmlinux:vfs_read");
	check_why("vmlinux:ext4_sync_file", "not_found:ext4_sync_file",
		  "write ext4:ext4_sync_file");
	check_why("zzz_*", "not_found:zzz_*", "no function of this kernel matches zzz_*");
	check_why("ext4:zzz_*", "not_found:zzz_*", "no function of ext4 matches zzz_*");
	check_why("nosuch_a|nosuch_b", "not_found:nosuch_a|nosuch_b", "nosuch_a or nosuch_b");
	check_why("in_part", "not_found:in_part", "inlined in_part; in_part.part.0 is the rest");
}

static void test_denied(void **state)
{
	check_why("do_exit", "denied:do_exit", "never returns");
	check_why("vfs_hidden", "denied:vfs_hidden", "does not let it be traced");
	check_why("pinned", "denied:pinned", "kprobes must not touch");
	check_why("do_ex*", "denied:do_ex*", "none of the matching functions");
}

static void test_ambiguous(void **state)
{
	check_why("twice", "ambiguous:twice", "vmlinux has 2 functions of that name");
	check_why("vmlinux:twice", "ambiguous:twice", "nothing tells them apart");
	check_why("both_places", "ambiguous:both_places", "vmlinux:both_places");
	check_why("two_clones", "ambiguous:two_clones", "vmlinux:two_clones.isra.0");
	check_why("twic*", "ambiguous:twic*", "ambiguous name");
}

static void test_object_settles(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "both_places", "ext4:both_places", "vmlinux:both_places");
	run(&f);
	check(&f, "both_places both_places"); /* vmlinux's own claim beats the ambiguous one */
	assert_string_equal(f.targets->v[0]->object, "vmlinux");
	assert_int_equal(f.targets->v[0]->addr, 0xffffffff81000b00);
	assert_string_equal(f.targets->v[1]->object, "ext4");
	assert_int_equal(f.targets->v[1]->addr, 0xffffffffc0001100);
	done(&f);
}

static void test_clones(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "one_clone", "two_clones.isra.0", "in_part.part.0");
	run(&f);
	check(&f, "one_clone.isra.0 two_clones.isra.0 in_part.part.0");
	assert_string_equal(f.targets->v[0]->symbol, "one_clone.isra.0");
	assert_string_equal(f.targets->v[0]->signature, "int one_clone.isra.0(void)");
	done(&f);
}

static void test_alternatives(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "do_unlinkat|filename_unlinkat", "vfs_read|vfs_write");
	run(&f);
	check(&f, "filename_unlinkat vfs_read");
	done(&f);
}

/* `module:` restricts a list to the module, or to the kernel where the module is built in. */
static void test_module(void **state)
{
	static const struct {
		const char *module, *functions[4];
		const char *targets, *object; /* of the last call */
	} cases[] = {
		/* Loaded */
		{ "ext4", { "ext4_sync_file" }, "ext4_sync_file", "ext4" },
		{ "ext4", { "both_places" }, "both_places", "ext4" },
		{ "ext4", { "gone|ext4_read_iter" }, "ext4_read_iter", "ext4" },
		{ "ext4", { "ext4_sync_file", "gone" }, "ext4_sync_file not_found:gone", "ext4" },
		{ "ext4", { "vfs_read" }, "not_found:vfs_read", "ext4" },
		/* Built in */
		{ "vfs", { "gone|vfs_read", "one_clone" }, "vfs_read one_clone.isra.0", "vmlinux" },
		{ "vfs", { "vfs_read", "gone|gone2" }, "vfs_read not_found:gone|gone2", "vmlinux" },
		{ "vfs",
		  { "gone", "one_clone", "vfs_read" },
		  "one_clone.isra.0 vfs_read not_found:gone",
		  "vmlinux" },
		{ "vfs", { "twice" }, "ambiguous:twice", "vmlinux" },
		/* Neither, yet. */
		{ "xfs", { "gone" }, "waiting:gone", "xfs" },
		{ "xfs", { "gone|gone2", "gone3" }, "waiting:gone|gone2 waiting:gone3", "xfs" },
		{ "xfs", { "gone", "!vfs_*" }, "waiting:gone", "xfs" },
		/* A function in another module: waiting cannot help. */
		{ "xfs", { "nf_hook_one" }, "not_found:nf_hook_one", "vmlinux" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f = { 0 };

		add_list(&f, cases[i].functions);
		set_module(f.lists, cases[i].module);
		run(&f);
		check(&f, cases[i].targets);
		assert_string_equal(f.targets->v[f.targets->n - 1]->object, cases[i].object);
		done(&f);
	}
}

/* One list waits for its module. This does not affect another list's module. */
static void test_modules(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "gone", "gone2");
	set_module(&f.lists[0], "xfs");
	LIST(&f, "vfs_read", "gone");
	set_module(&f.lists[1], "vfs");
	LIST(&f, "gone");
	run(&f);
	check(&f, "vfs_read waiting:gone waiting:gone2 not_found:gone");
	if (!strstr(f.targets->v[1]->why, "module xfs is not loaded; it will be probed once it is"))
		fail_msg("%s", f.targets->v[1]->why);
	done(&f);
}

static void test_globs(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "weak_fn", "vfs_*", "!vfs_readv", "ext4:*", "!ext4:ext4_read*", "*_clone*");
	LIST(&f, "vfs_readv"); /* the exclusion applies to the other list */
	run(&f);
	check(&f, "weak_fn vfs_read vfs_write both_places ext4_sync_file one_clone.isra.0 "
		  "two_clones.constprop.0 two_clones.isra.0 vfs_readv");
	done(&f);
}

static void test_exclusions(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "one_cl*", "!one_clone", "vfs_read", "!vfs_read", "syscall:mseal", "!mseal",
	     "syscall:openat*", "!syscall:openat2");
	run(&f);
	check(&f, "mseal openat");
	done(&f);
}

static void test_exact_beats_glob(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_*");
	LIST(&f, "vfs_write");
	LIST(&f, "vfs_w*");
	f.lists[1].settings.maxactive = 4096;
	f.lists[2].settings.maxactive = 1;
	run(&f);
	check(&f, "vfs_read vfs_readv vfs_write");
	assert_int_equal(f.targets->v[2]->settings->maxactive, 4096);
	assert_int_equal(f.targets->v[2]->pos->line, 2);
	assert_int_equal(f.targets->v[0]->settings->maxactive, 0);
	done(&f);
}

static void test_same_claim_twice(void **state)
{
	static char fexit[] = "fexit", fexit_too[] = "fexit";
	struct fixture f = { 0 };

	LIST(&f, "vfs_read", "vmlinux:vfs_read", "nosuch", "nosuch");
	LIST(&f, "vfs_read");
	f.lists[0].settings.mechanism = fexit;
	f.lists[1].settings.mechanism = fexit_too;
	run(&f);
	check(&f, "vfs_read not_found:nosuch");
	done(&f);
}

static void test_conflict(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_write", "vfs_read");
	LIST(&f, "vfs_read");
	f.lists[1].settings.maxactive = 7;
	assert_int_equal(discover__run(&f.config, &env, &f.targets, &f.error), -EINVAL);
	assert_null(f.targets);
	assert_non_null(strstr(f.error, "test.yaml:2:1"));
	assert_non_null(strstr(f.error, "test.yaml:1:2"));
	assert_non_null(strstr(f.error, "vfs_read"));
	assert_null(strchr(f.error, '\n'));
	done(&f);
}

/* The user's entries precede those of a preset, in any order. */
static void test_user_beats_preset(void **state)
{
	for (size_t user = 0; user < 2; user++) {
		struct fixture f = { 0 };

		LIST(&f, "vfs_read", "vfs_w*", "nosuch");
		LIST(&f, "vfs_read", "vfs_w*", "nosuch");
		f.lists[!user].builtin = true;
		f.lists[0].settings.maxactive = 1;
		f.lists[1].settings.maxactive = 2;
		run(&f);
		check(&f, "vfs_read vfs_write not_found:nosuch");
		for (size_t i = 0; i < f.targets->n; i++) {
			assert_ptr_equal(f.targets->v[i]->settings, &f.lists[user].settings);
			assert_false(f.targets->v[i]->builtin);
		}
		done(&f);
	}
}

/* But the user's glob is not an exact name. Two presets must agree, as two entries of the user. */
static void test_presets_and_globs(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_*");
	LIST(&f, "vfs_read");
	f.lists[1].builtin = true;
	f.lists[1].settings.maxactive = 1;
	run(&f);
	check(&f, "vfs_read vfs_readv vfs_write");
	assert_ptr_equal(f.targets->v[0]->settings, &f.lists[1].settings);
	assert_ptr_equal(f.targets->v[1]->settings, &f.lists[0].settings);
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, "vfs_read");
	LIST(&f, "vfs_read");
	f.lists[0].builtin = f.lists[1].builtin = true;
	f.lists[1].settings.maxactive = 1;
	assert_int_equal(discover__run(&f.config, &env, &f.targets, &f.error), -EINVAL);
	assert_non_null(strstr(f.error, "has other settings here"));
	done(&f);
}

/* Bare exclusions apply to their own list and to presets; others only to their list. */
static void test_exclusions_from_presets(void **state)
{
	static const struct {
		bool bare, builtin;
		const char *left;
	} cases[] = {
		{ true, true, "vfs_write" },
		{ true, false, "vfs_write vfs_read vfs_readv openat" },
		{ false, true, "vfs_write vfs_read vfs_readv openat" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f = { 0 };

		LIST(&f, "!vfs_read*", "!syscall:openat", "vfs_*", "!nothing");
		LIST(&f, "vfs_read", "vfs_read*", "syscall:openat");
		f.lists[0].bare = cases[i].bare;
		f.lists[1].builtin = cases[i].builtin;
		run(&f);
		check(&f, cases[i].left);
		done(&f);
	}
}

static void test_without_sources(void **state)
{
	struct discover_env before = env;
	struct fixture f = { 0 };

	env.available_filter_functions = NOWHERE;
	LIST(&f, "vfs_hidden", "vfs_read", "boot_only", "pinned");
	run(&f);
	check(&f, "vfs_hidden vfs_read denied:boot_only denied:pinned");
	done(&f);

	env.kallsyms = NOWHERE;
	check_why("vfs_read", "not_found:vfs_read", "neither /proc/kallsyms");
	check_why("vfs_*", "not_found:vfs_*", "neither /proc/kallsyms");
	env = before;
}

/* By any of the names that the kernel has for an address. */
static void test_kernel_names(void **state)
{
	struct fixture f = { 0 };
	const struct target *t;

	LIST(&f, "__x64_sys_getpid", "do_leave", "pinned_too");
	run(&f);
	check(&f, "__x64_sys_getpid denied:do_leave denied:pinned_too");
	t = f.targets->v[0];
	assert_string_equal(t->symbol, "__x64_sys_getpid");
	assert_int_equal(t->kind, RP_KIND_ERRNO);
	assert_int_equal(t->ret_size, 8);
	assert_int_not_equal(t->btf_id, 0);
	assert_string_equal(t->signature, "long __do_sys_getpid(void)");
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, "__*_sys_getpid", "vfs_read", "__do_sys_getpid");
	run(&f);
	check(&f, "__do_sys_getpid=__ia32_sys_getpid=__x64_sys_getpid vfs_read");
	done(&f);
}

/* The function is attached, and the message lists the clones that are not. */
static void test_clones_beside(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "cookie_hash", "vfs_read");
	run(&f);
	check(&f, "cookie_hash vfs_read");
	assert_string_equal(
		f.targets->v[0]->uncounted,
		"some callers call cookie_hash.constprop.1, cookie_hash.isra.0 instead, "
		"whose calls are not counted: add 'cookie_hash.*' to count them");
	assert_null(f.targets->v[1]->uncounted);
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, "cookie_hash", "cookie_hash.*");
	run(&f);
	check(&f, "cookie_hash cookie_hash.isra.0");
	assert_string_equal(f.targets->v[0]->uncounted,
			    "some callers call cookie_hash.constprop.1 instead, which cannot be "
			    "probed");
	assert_null(f.targets->v[1]->uncounted);
	done(&f);

	f = (struct fixture){ 0 };
	LIST(&f, "one_clone");
	run(&f);
	assert_null(f.targets->v[0]->uncounted);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_names),
		cmocka_unit_test(test_clones_beside),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_object_settles),
		cmocka_unit_test(test_clones),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_exclusions),
		cmocka_unit_test(test_exact_beats_glob),
		cmocka_unit_test(test_same_claim_twice),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_user_beats_preset),
		cmocka_unit_test(test_presets_and_globs),
		cmocka_unit_test(test_exclusions_from_presets),
		cmocka_unit_test(test_without_sources),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
