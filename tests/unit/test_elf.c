/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "elf_fixture.h"
#include "elf_symbols.h"

#define CODE(n)	  (ELF_FIXTURE_VADDR + (n))
#define OFFSET(n) (ELF_FIXTURE_OFFSET + (n))

static char *dir;

static int setup(void **state)
{
	dir = temp_dir__new();
	return 0;
}

static int teardown(void **state)
{
	temp_dir__remove(dir);
	return 0;
}

static struct elf_symbols *open_fixture(const struct elf_fixture_symbol *symbols, size_t n)
{
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbols, n };
	__cleanup_free char *path = elf_fixture__write(dir, "good", &f), *why = NULL;
	struct elf_symbols *e = NULL;

	if (elf_symbols__open(path, &e, &why))
		fail_msg("%s", why);
	return e;
}

static void test_offsets(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "first", .addr = CODE(0), .type = STT_FUNC },
		{ .name = "second", .addr = CODE(0x80), .type = STT_FUNC },
		{ .name = "last", .addr = CODE(ELF_FIXTURE_SIZE - 1), .type = STT_FUNC },
		{ .name = "beyond_file", .addr = CODE(ELF_FIXTURE_SIZE), .type = STT_FUNC },
		{ .name = "in_data", .addr = 0x500010, .type = STT_FUNC },
		{ .name = "object", .addr = CODE(0x20), .type = STT_OBJECT },
		{ .name = "imported", .type = STT_FUNC, .undefined = true },
	};
	struct elf_symbols *e = open_fixture(symbols, ARRAY_SIZE(symbols));
	const struct elf_symbol *all;
	size_t n;

	all = elf_symbols__all(e, &n);
	assert_int_equal(n, 3);
	assert_string_equal(all[0].name, "first");
	assert_string_equal(all[1].name, "last");
	assert_int_equal(elf_symbols__find(e, "first")->offset, OFFSET(0));
	assert_int_equal(elf_symbols__find(e, "second")->offset, OFFSET(0x80));
	assert_int_equal(elf_symbols__find(e, "last")->offset, OFFSET(ELF_FIXTURE_SIZE - 1));
	assert_null(elf_symbols__find(e, "in_data"));
	assert_null(elf_symbols__find(e, "imported"));
	assert_false(elf_symbols__stripped(e));
	elf_symbols__free(e);
	elf_symbols__free(NULL);
}

static void test_names(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "twice", .addr = CODE(0), .type = STT_FUNC },
		{ .name = "twice", .addr = CODE(8), .type = STT_FUNC },
		{ .name = "both_tables", .addr = CODE(16), .type = STT_FUNC },
		{ .name = "both_tables", .addr = CODE(16), .type = STT_FUNC, .dynamic = true },
		{ .name = "versioned@@V2", .addr = CODE(24), .type = STT_FUNC },
		{ .name = "versioned@V1", .addr = CODE(32), .type = STT_FUNC },
		{ .name = "only_old@V1", .addr = CODE(40), .type = STT_FUNC },
		{ .name = "indirect", .addr = CODE(48), .type = STT_GNU_IFUNC },
	};
	struct elf_symbols *e = open_fixture(symbols, ARRAY_SIZE(symbols));

	assert_int_equal(elf_symbols__find(e, "twice")->copies, 2);
	assert_int_equal(elf_symbols__find(e, "both_tables")->copies, 1);
	assert_int_equal(elf_symbols__find(e, "versioned")->offset, OFFSET(24));
	assert_int_equal(elf_symbols__find(e, "versioned")->copies, 1);
	assert_int_equal(elf_symbols__find(e, "only_old")->offset, OFFSET(40));
	assert_true(elf_symbols__find(e, "indirect")->ifunc);
	assert_false(elf_symbols__find(e, "twice")->ifunc);
	elf_symbols__free(e);
}

static void test_exported_versions(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "copy",
		  .addr = CODE(0),
		  .type = STT_FUNC,
		  .dynamic = true,
		  .hidden = true },
		{ .name = "copy", .addr = CODE(8), .type = STT_FUNC, .dynamic = true },
	};
	struct elf_symbols *e = open_fixture(symbols, ARRAY_SIZE(symbols));

	assert_int_equal(elf_symbols__find(e, "copy")->offset, OFFSET(8));
	assert_int_equal(elf_symbols__find(e, "copy")->copies, 1);
	assert_true(elf_symbols__stripped(e));
	elf_symbols__free(e);
}

static void refused(const char *path, int err, const char *text)
{
	struct elf_symbols *e = NULL;
	char *why = NULL;

	assert_int_equal(elf_symbols__open(path, &e, &why), err);
	assert_null(e);
	if (!strstr(why, text) || strchr(why, '\n'))
		fail_msg("\"%s\" does not say \"%s\" on one line", why, text);
	free(why);
}

static void refused_fixture(const struct elf_fixture *f, int err, const char *text)
{
	__cleanup_free char *path = elf_fixture__write(dir, "bad", f);

	refused(path, err, text);
}

static void test_refused(void **state)
{
	static const struct elf_fixture_symbol symbol[] = {
		{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
	};
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbol, 1 };
	__cleanup_free char *missing = xasprintf("%s/missing", dir);
	__cleanup_free char *script = xasprintf("%s/script", dir);
	__cleanup_free char *fifo = xasprintf("%s/fifo", dir);

	f.section = ".note.go.buildid";
	refused_fixture(&f, -EPERM, "Go programs");
	f.section = ".gopclntab";
	refused_fixture(&f, -EPERM, "stacks move");
	f.section = ".data";
	f.machine = ELF_FIXTURE_FOREIGN;
	refused_fixture(&f, -ENOENT, "another architecture");
	f.machine = ELF_FIXTURE_MACHINE;
	f.type = ET_REL;
	refused_fixture(&f, -ENOENT, "neither a program nor a library");
	f.type = ET_EXEC;
	f.nsymbols = 0;
	refused_fixture(&f, -ENOENT, "stripped");

	refused(missing, -ENOENT, "there is no file");
	refused(dir, -ENOENT, "not a file");
	temp_dir__write(dir, "script", "#!/bin/sh\n", 10);
	refused(script, -ENOENT, "not an ELF file");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(fifo, -ENOENT, "not a file");
}

/* However it is cut short, a file is refused or read, and never more than that. */
static void test_damaged(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
		{ .name = "g", .addr = CODE(8), .type = STT_FUNC, .dynamic = true },
	};
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbols, 2 };
	__cleanup_free char *path = elf_fixture__write(dir, "cut", &f);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= 3) {
		struct elf_symbols *e = NULL;
		__cleanup_free char *why = NULL;

		assert_int_equal(truncate(path, len), 0);
		if (!elf_symbols__open(path, &e, &why))
			elf_symbols__free(e);
		else
			assert_non_null(why);
	}
}

/* This very program: the offset must be where the code is mapped from. */
static void __attribute__((noinline)) landmark(void)
{
	__asm__ volatile("");
}

static void test_self(void **state)
{
	__cleanup_fclose FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t addr = (uintptr_t)landmark;
	unsigned long begin, end, offset, want = 0;
	const struct elf_symbol *sym;
	struct elf_symbols *e;
	char *why, line[512];

	landmark();
	assert_int_equal(elf_symbols__open("/proc/self/exe", &e, &why), 0);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 && addr >= begin &&
		    addr < end)
			want = addr - begin + offset;
	}
	sym = elf_symbols__find(e, "landmark");
	assert_non_null(sym);
	assert_true(want);
	assert_int_equal(sym->offset, want);
	elf_symbols__free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_offsets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exported_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test(test_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
