/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "btf_fixture.h"
#include "discover_fixture.h"
#include "elf_fixture.h"
#include "base/log.h"

#define FIXTURES "tests/unit/fixtures/"
#define NOWHERE	 FIXTURES "none"

static char *dir; /* BTF and ELF files */

static struct discover_env env = {
	.kallsyms = FIXTURES "kallsyms",
	.available_filter_functions = FIXTURES "available_filter_functions",
	.kprobe_blacklist = FIXTURES "kprobe_blacklist",
	.modules_dir = FIXTURES "modules",
	.tracefs = -1,
};

static int setup_all(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "alpha", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "beta", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "twice", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "twice", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "pick", .addr = ELF_FIXTURE_VADDR + 32, .type = STT_GNU_IFUNC },
		{ .name = "__pick_fast", .addr = ELF_FIXTURE_VADDR + 40, .type = STT_FUNC },
		{ .name = "cloned.isra.0", .addr = ELF_FIXTURE_VADDR + 48, .type = STT_FUNC },
		{ .name = "many.constprop.0", .addr = ELF_FIXTURE_VADDR + 56, .type = STT_FUNC },
		{ .name = "many.isra.0", .addr = ELF_FIXTURE_VADDR + 64, .type = STT_FUNC },
	};
	static const struct elf_fixture_symbol source[] = {
		{ .name = "_ZN2ns1f6methodEi", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "_ZN2ns1f4overEi", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "_ZN2ns1f4overEd", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "_ZN2ns1fC1Ev", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "_ZN2ns1fC2Ev", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "_ZN2ns1fD1Ev", .addr = ELF_FIXTURE_VADDR + 32, .type = STT_FUNC },
		{ .name = "_ZN2ns1fD2Ev", .addr = ELF_FIXTURE_VADDR + 40, .type = STT_FUNC },
		{ .name = "_Z5parsePKc", .addr = ELF_FIXTURE_VADDR + 48, .type = STT_FUNC },
		{ .name = "_ZN5crate4work17h0123456789abcdefE",
		  .addr = ELF_FIXTURE_VADDR + 56,
		  .type = STT_FUNC },
		{ .name = "plain", .addr = ELF_FIXTURE_VADDR + 64, .type = STT_FUNC },
	};
	struct elf_fixture f = { .machine = ELF_FIXTURE_MACHINE,
				 .type = ET_DYN,
				 .symbols = symbols,
				 .nsymbols = ARRAY_SIZE(symbols) };
	struct btf_fixture btf;

	static const struct elf_fixture_symbol hard[] = {
		{ .name = "good", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "good.cold", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "good_too", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "swapcontext",
		  .addr = ELF_FIXTURE_VADDR + 16,
		  .size = 8,
		  .type = STT_FUNC },
		{ .name = "my_swap", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "begin", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
	};
	struct elf_fixture difficult = { .machine = ELF_FIXTURE_MACHINE,
					 .type = ET_DYN,
					 .symbols = hard,
					 .nsymbols = ARRAY_SIZE(hard),
					 .entry = ELF_FIXTURE_VADDR + 24 };

	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	btf_fixture__make(&btf, dir);
	btf__free(btf.vmlinux);
	free(elf_fixture__write(dir, "prog", &f));
	f.symbols = source;
	f.nsymbols = ARRAY_SIZE(source);
	free(elf_fixture__write(dir, "source", &f));
	f.symbols = symbols;
	f.nsymbols = ARRAY_SIZE(symbols);
	free(elf_fixture__write(dir, "hard", &difficult));
	f.section = ".gopclntab";
	free(elf_fixture__write(dir, "goprog", &f));
	env.btf_dir = dir;
	return 0;
}

static int teardown_all(void **state)
{
	temp_dir__remove(dir);
	return 0;
}

static void set_module(struct probe_list *l, const char *module)
{
	char *why = NULL;

	for (size_t i = 0; i < l->npatterns; i++)
		if (pattern__set_module(&l->patterns[i], module, &why))
			fail_msg("%s: %s", module, why);
}

/* The only target, and that its `why` has these words. */
static void check_why(const char *probe, const char *want, const char *words)
{
	struct fixture f = { 0 };

	LIST(&f, probe);
	run(&f);
	check(&f, want);
	if (!strstr(f.targets->v[0]->why, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", probe, f.targets->v[0]->why, words);
	done(&f);
}

/* ---- kernel functions ---- */

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
	assert_false(t->needs_addr);
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
	/* That will not help it. */
	check_why("xfs:vfs_read", "not_found:vfs_read", "write vmlinux:vfs_read");
	check_why("ext4:vfs_read", "not_found:vfs_read", "write vmlinux:vfs_read");
	check_why("vmlinux:ext4_sync_file", "not_found:ext4_sync_file",
		  "write ext4:ext4_sync_file");
	check_why("zzz_*", "not_found:zzz_*", "no function of this kernel matches zzz_*");
	check_why("ext4:zzz_*", "not_found:zzz_*", "no function of ext4 matches zzz_*");
	check_why("nosuch_a|nosuch_b", "not_found:nosuch_a|nosuch_b", "nosuch_a or nosuch_b");
	check_why("in_part", "not_found:in_part", "inlined in_part; in_part.part.0 is what");
}

static void test_denied(void **state)
{
	check_why("do_exit", "denied:do_exit", "never returns");
	check_why("vfs_hidden", "denied:vfs_hidden", "does not let it be traced");
	check_why("pinned", "denied:pinned", "kprobes must not touch");
	check_why("do_ex*", "denied:do_ex*", "none of the functions that match");
}

static void test_ambiguous(void **state)
{
	check_why("twice", "ambiguous:twice", "vmlinux has 2 functions of that name");
	check_why("vmlinux:twice", "ambiguous:twice", "nothing tells them apart");
	check_why("both_places", "ambiguous:both_places", "vmlinux:both_places");
	check_why("two_clones", "ambiguous:two_clones", "vmlinux:two_clones.isra.0");
	check_why("twic*", "ambiguous:twic*", "not unique");
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
	assert_true(f.targets->v[0]->needs_addr);
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

/* What `module:` says of a list: the module's, or built in where the module is. */
static void test_module(void **state)
{
	static const struct {
		const char *module, *functions[4];
		const char *targets, *object; /* of the last one */
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
		/* Neither, yet */
		{ "xfs", { "gone" }, "waiting:gone", "xfs" },
		{ "xfs", { "gone|gone2", "gone3" }, "waiting:gone|gone2 waiting:gone3", "xfs" },
		{ "xfs", { "gone", "!vfs_*" }, "waiting:gone", "xfs" },
		/* That it is in another module, no waiting will mend. */
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

/* The list that its module is waited for in says nothing of another list's module. */
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
	LIST(&f, "vfs_readv"); /* the exclusion is the other list's own */
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

/* What the user says of a function comes before what a preset says, whichever is read first. */
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

/* ... but a glob of the user's is no name. Two presets must agree, as two entries of the user must.
 */
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

/* Bare exclusions go for their own list and for presets; others for their list only. */
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

/* ---- returns ---- */

static void ask(struct fixture *f, size_t list, enum returns returns)
{
	f->lists[list].settings.returns = returns;
	f->lists[list].settings.returns_pos =
		(struct source_pos){ .file = "test.yaml", .line = 70 + list, .column = 7 };
}

static void test_returns(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_read", "syscall:openat", "ext4:ext4_sync_file");
	LIST(&f, "vfs_write", "one_clone");
	ask(&f, 0, RETURNS_SIZE);
	ask(&f, 1, RETURNS_BOOL);
	run(&f);
	check(&f, "vfs_read openat ext4_sync_file vfs_write one_clone.isra.0");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(f.targets->v[i]->kind, RP_KIND_SIZE);
		assert_int_equal(f.targets->v[i]->ret_size, i == 2 ? 4 : 8);
	}
	assert_int_equal(f.targets->v[3]->kind, RP_KIND_BOOL);
	assert_int_equal(f.targets->v[3]->ret_size, 1); /* no type */
	assert_int_equal(f.targets->v[4]->kind, RP_KIND_BOOL);
	assert_int_equal(f.targets->v[4]->ret_size, 4);
	done(&f);
}

static void check_error(struct fixture *f, const char *want)
{
	assert_int_equal(discover__run(&f->config, &env, &f->targets, &f->error), -EINVAL);
	assert_null(f->targets);
	assert_string_equal(f->error, want);
	done(f);
}

#define READ "vmlinux:vfs_read (ssize_t vfs_read(struct file *file, char *buf, size_t count))"
#define LONG                                                                                      \
	", which returns a signed integer of 8 bytes; write one of auto, errno, bool, unsigned, " \
	"raw, value, size, void"

static void test_wrong_returns(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_write");
	LIST(&f, "vfs_read", "do_exit");
	ask(&f, 1, RETURNS_POINTER);
	check_error(&f, "test.yaml:71:7: returns: pointer does not suit " READ LONG);

	f = (struct fixture){ 0 };
	LIST(&f, "syscall:openat*");
	ask(&f, 0, RETURNS_ENUM);
	check_error(&f, "test.yaml:70:7: returns: enum does not suit syscall:openat" LONG
			"; the same goes for all 2 functions that match syscall:openat*");

	/* What cannot be probed has no type to be wrong. */
	f = (struct fixture){ 0 };
	LIST(&f, "do_exit", "nosuch");
	ask(&f, 0, RETURNS_ENUM);
	run(&f);
	check(&f, "denied:do_exit not_found:nosuch");
	done(&f);
}

/* Of a glob, what does not suit is left out, and one after the other is judged by itself. */
static void test_returns_of_globs(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_*", "one_clone*");
	LIST(&f, "vfs_read");
	ask(&f, 0, RETURNS_POINTER);
	f.lists[0].npatterns = 1;
	run(&f);
	check(&f, "vfs_read vfs_readv vfs_write");
	assert_int_equal(f.targets->v[0]->kind, RP_KIND_ERRNO);
	assert_int_equal(f.targets->v[1]->kind, RP_KIND_POINTER);
	targets__free(take_ptr(f.targets));

	f.config.nlists = 1;
	run(&f);
	check(&f, "vfs_readv vfs_write refused:vfs_read");
	assert_non_null(strstr(f.targets->v[2]->why, "returns: pointer does not suit " READ));
	targets__free(take_ptr(f.targets));

	f.lists[0].npatterns = 2;
	f.config.nlists = 2;
	check_error(&f, "test.yaml:70:7: returns: pointer does not suit vmlinux:one_clone.isra.0 "
			"(int one_clone.isra.0(void)), which returns a signed integer of 4 bytes; "
			"write one of auto, errno, bool, unsigned, raw, value, size, void");
}

/* What a module turns out to be that comes while we run costs nobody else. */
static void test_lenient(void **state)
{
	struct fixture f = { 0 };

	env.lenient = true;
	LIST(&f, "vfs_write");
	LIST(&f, "vfs_read", "syscall:openat*");
	LIST(&f, "vfs_write", "vfs_write");
	LIST(&f, "vfs_write");
	ask(&f, 1, RETURNS_POINTER);
	f.lists[2].settings.maxactive = 7;
	f.lists[3].settings.maxactive = 8;
	run(&f);
	check(&f, "refused:vfs_write refused:vfs_read refused:openat refused:openat2");
	assert_string_equal(f.targets->v[0]->why,
			    "test.yaml:3:1: vmlinux:vfs_write has other settings here than at "
			    "test.yaml:1:1: remove one of the two, or make their settings the "
			    "same");
	assert_string_equal(f.targets->v[1]->why, "returns: pointer does not suit " READ LONG);
	done(&f);
	env.lenient = false;
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

static void test_enumerators(void **state)
{
	static struct enumerator values[] = { { -1, NULL }, { 3, NULL } };
	struct target t = { .enumerators = values, .nenumerators = 2 }, none = { 0 };
	char red[] = "RED";

	values[0].name = red;
	assert_string_equal(target__enumerator(&t, -1), "RED");
	assert_null(target__enumerator(&t, 0));
	assert_null(target__enumerator(&none, 0));
}

/* By whatever name of an address the kernel knows it. */
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

/* The function is attached, and which of its clones are not is told. */
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

/* ---- system calls ---- */

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

/* ---- user functions ---- */

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
	check_user("prog", "pick", "denied:pick", "name that instead, as __pick_fast");
	check_user("prog", "aplha", "not_found:aplha", "did you mean alpha");
	check_user("prog", "zz*", "not_found:zz*", "matches zz*");
	check_user("nosuch", "alpha", "not_found:alpha", "there is no file");
	check_user("vmlinux", "alpha", "not_found:alpha", "not an ELF file");
}

/* Names of another kind than they were looked for. */
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
	/* Not what is on the denylist. */
	check_why("exit_group", "not_found:exit_group", "no function exit_group");
}

/* What is no object of the kernel's: nothing waits for it. */
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
		  "tracepoints cannot be probed");
	check_why("tracepoint:syscalls:sys_enter_openat", "not_found:syscalls:sys_enter_openat",
		  "did you mean syscall:openat?");
	check_why("kretprobe:vfs_read", "not_found:vfs_read", "write vfs_read alone");
	check_why(typed, "not_found:alpha", near);
	setenv("PATH", old, 1);
}

/* As in a container: it waits, and says what it does not know. */
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

/* Names of C++ and Rust as they are in the source. The label is what was matched. */
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
	/* D1 and D2 are two functions of one name: a glob leaves them out. */
	LIST(&f, glob, but);
	run(&f);
	check(&f, "ns::f::over(double) ns::f::over(int) ns::f::f()");
	done(&f);
	check_user("source", "ns::f::over", "ambiguous:ns::f::over",
		   "ns::f::over(double) (_ZN2ns1f4overEd), ns::f::over(int) (_ZN2ns1f4overEi)");
	check_user("source", "ns::f::~f", "ambiguous:ns::f::~f", "2 functions are called that");
	check_user("source", "ns::f::methd", "not_found:ns::f::methd",
		   "did you mean ns::f::method");
}

/* The name in the source is no type: what does not suit is the configuration's mistake, not the
 * file's. */
static void test_demangled_returns(void **state)
{
	struct fixture f = { 0 };
	__cleanup_free char *probe = probe_of("source", "ns::f::method");
	__cleanup_free char *error = xasprintf(
		"test.yaml:70:7: returns: enum does not suit %s/source:ns::f::method(int) "
		"(ns::f::method(int)), which returns something of a type that is not known; write "
		"one of auto, errno, pointer, bool, unsigned, raw, value, size, void",
		dir);

	LIST(&f, probe);
	ask(&f, 0, RETURNS_ENUM);
	check_error(&f, error);
}

/* A glob leaves them out; a name says why. */
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
	check_user("hard", "*swap*", "denied:*swap*", "2 cannot or must not be");
}

/* ---- --probe.list ---- */

static void check_list(const char *glob, int err, const char *want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(discover__list(&env, glob, out), err);
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

	assert_int_equal(discover__list(&env, NULL, out), 0);
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
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_wrong_returns),
		cmocka_unit_test(test_returns_of_globs),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_without_sources),
		cmocka_unit_test(test_enumerators),
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
