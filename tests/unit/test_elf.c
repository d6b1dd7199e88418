/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "files/confined.h"
#include "elf/code.h"
#include "elf_fixture.h"
#include "elf/image.h"
#include "elf/reader.h"
#include "elf/symbols.h"
#include "elf/hazards.h"
#include "files/opened_file.h"

/* As discovery does it: one child opens it, another reads it. */
static int open_elf(const char *path, struct elf_symbols **out, char **why)
{
	struct opened_file *f;
	struct file_id id;
	int err = opened_file__open(path, &f, &id, why);

	if (err)
		return err;
	err = elf_symbols__read(f->fd, -1, path, out, why);
	opened_file__unref(f);
	return err;
}

static struct elf_symbol find(const struct elf_symbols *e, const char *name)
{
	struct elf_symbol sym = {};

	if (!elf_symbols__find(e, name, &sym))
		fail_msg("there is no %s", name);
	return sym;
}

static struct elf_symbols *open_fixture(const struct elf_fixture_symbol *symbols, size_t n)
{
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbols, n, 0, NULL, 0 };
	__cleanup_free char *path = elf_fixture__write(elf_dir, "good", &f), *why = NULL;
	struct elf_symbols *e = NULL;

	if (open_elf(path, &e, &why))
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
	struct elf_symbol sym;

	assert_int_equal(elf_symbols__count(e), 3);
	assert_string_equal(elf_symbols__at(e, 0).name, "first");
	assert_string_equal(elf_symbols__at(e, 1).name, "last");
	assert_int_equal(find(e, "first").offset, OFFSET(0));
	assert_int_equal(find(e, "second").offset, OFFSET(0x80));
	assert_int_equal(find(e, "last").offset, OFFSET(ELF_FIXTURE_SIZE - 1));
	assert_false(elf_symbols__find(e, "in_data", &sym));
	assert_false(elf_symbols__find(e, "imported", &sym));
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

	assert_int_equal(find(e, "twice").copies, 2);
	assert_int_equal(find(e, "both_tables").copies, 1);
	assert_int_equal(find(e, "versioned").offset, OFFSET(24));
	assert_int_equal(find(e, "versioned").copies, 1);
	assert_int_equal(find(e, "only_old").offset, OFFSET(40));
	assert_true(find(e, "indirect").ifunc);
	assert_false(find(e, "twice").ifunc);
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

	assert_int_equal(find(e, "copy").offset, OFFSET(8));
	assert_int_equal(find(e, "copy").copies, 1);
	assert_true(elf_symbols__stripped(e));
	elf_symbols__free(e);
}

static void refused(const char *path, int err, const char *text)
{
	struct elf_symbols *e = NULL;
	char *why = NULL;

	assert_int_equal(open_elf(path, &e, &why), err);
	assert_null(e);
	if (!strstr(why, text) || strchr(why, '\n'))
		fail_msg("\"%s\" does not say \"%s\" on one line", why, text);
	free(why);
}

static void refused_fixture(const struct elf_fixture *f, int err, const char *text)
{
	__cleanup_free char *path = elf_fixture__write(elf_dir, "bad", f);

	refused(path, err, text);
}

static void test_refused(void **state)
{
	static const struct elf_fixture_symbol symbol[] = {
		{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
	};
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbol, 1, 0, NULL, 0 };
	__cleanup_free char *missing = xasprintf("%s/missing", elf_dir);
	__cleanup_free char *script = xasprintf("%s/script", elf_dir);
	__cleanup_free char *fifo = xasprintf("%s/fifo", elf_dir);

	f.machine = ELF_FIXTURE_FOREIGN;
	refused_fixture(&f, -ENOENT, "another architecture");
	f.machine = ELF_FIXTURE_MACHINE;
	f.type = ET_REL;
	refused_fixture(&f, -ENOENT, "neither a program nor a library");
	refused(missing, -ENOENT, "there is no file");
	refused(elf_dir, -ENOENT, "not a file");
	temp_dir__write(elf_dir, "script", "#!/bin/sh\n", 10);
	refused(script, -ENOENT, "not an ELF file");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(fifo, -ENOENT, "not a file");
}

/* Its debug file may have them. */
static void test_no_functions(void **state)
{
	struct elf_symbols *e = open_fixture(NULL, 0);
	struct elf_symbol sym;

	assert_int_equal(elf_symbols__count(e), 0);
	assert_true(elf_symbols__stripped(e));
	assert_false(elf_symbols__find(e, "f", &sym));
	assert_int_equal(elf_symbols__cold(e, "f", NULL, 0), 0);
	elf_symbols__free(e);
}

static void assert_hazards(const struct elf_fixture *f, uint32_t wanted)
{
	__cleanup_free char *path = elf_fixture__write(elf_dir, "hazard", f), *why = NULL;
	struct elf_symbols *e = NULL;

	if (open_elf(path, &e, &why))
		fail_msg("%s", why);
	assert_int_equal(elf_symbols__hazards(e), wanted);
	elf_symbols__free(e);
}

/* What a file contains or imports determines whether a return probe could harm it. */
static void test_hazards(void **state)
{
	static const struct {
		const char *symbol, *section;
		uint32_t hazards;
	} rows[] = {
		{ "puts", ".data", 0 },
		{ "__cxa_finalize", ".eh_frame", 0 },
		{ "longjmper", NULL, 0 },
		{ "_Unwind_Resume@GCC_3.0", NULL, HAZARD_EXCEPTIONS },
		{ "__cxa_throw", ".gcc_except_table", HAZARD_EXCEPTIONS },
		{ "rust_panic", NULL, HAZARD_PANIC },
		{ "__longjmp_chk@GLIBC_2.11", NULL, HAZARD_LONGJMP },
		{ "pthread_exit", NULL, HAZARD_CANCEL },
		{ "swapcontext", NULL, HAZARD_STACKS },
		{ "jump_fcontext", NULL, HAZARD_STACKS },
		{ "__morestack", NULL, HAZARD_SPLIT_STACK },
		{ "puts", ".note.GNU-split-stack", HAZARD_SPLIT_STACK },
		{ "puts", ".note.go.buildid", HAZARD_GO },
		{ "puts", ".gopclntab", HAZARD_GO },
		{ "__libc_early_init", NULL, HAZARD_LIBC },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct elf_fixture_symbol symbols[] = {
			{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
			{ .name = rows[i].symbol,
			  .type = STT_FUNC,
			  .undefined = true,
			  .dynamic = true },
		};
		struct elf_fixture f = {
			ELF_FIXTURE_MACHINE, ET_DYN, rows[i].section, symbols, 2, 0, NULL, 0
		};

		assert_hazards(&f, rows[i].hazards);
	}
}

static void test_cold_halves(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
		{ .name = "f.cold", .addr = CODE(0x100), .type = STT_FUNC },
		{ .name = "f.cold.7", .addr = CODE(0x110), .type = STT_FUNC },
		{ .name = "f.colder", .addr = CODE(0x120), .type = STT_FUNC },
		{ .name = "f2.cold", .addr = CODE(0x130), .type = STT_FUNC },
		{ .name = "g", .addr = CODE(0x10), .type = STT_FUNC },
	};
	struct elf_symbols *e = open_fixture(symbols, ARRAY_SIZE(symbols));
	struct elf_extent cold[2] = {};

	assert_int_equal(elf_symbols__cold(e, "f", cold, 2), 2);
	assert_int_equal(cold[0].offset, OFFSET(0x100));
	assert_int_equal(cold[1].offset, OFFSET(0x110));
	assert_int_equal(elf_symbols__cold(e, "f", NULL, 0), 2);
	assert_int_equal(elf_symbols__cold(e, "g", cold, 2), 0);
	elf_symbols__free(e);
}

/* A file that is cut short anywhere is refused or read, and never read beyond its end. */
static void test_damaged(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
		{ .name = "g", .addr = CODE(8), .type = STT_FUNC, .dynamic = true },
	};
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbols, 2, 0, NULL, 0 };
	__cleanup_free char *path = elf_fixture__write(elf_dir, "cut", &f);
	__cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= 3) {
		struct elf_symbols *e = NULL;
		__cleanup_free char *why = NULL;

		assert_int_equal(ftruncate(fd, len), 0);
		if (!elf_symbols__read_here(fd, -1, path, &e, &why))
			elf_symbols__free(e);
		else
			assert_non_null(why);
	}
}

/* The answer of a compromised child. No byte of it may cause a read elsewhere. */
static void test_hostile_image(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "first", .addr = CODE(0), .type = STT_FUNC },
		{ .name = "second", .addr = CODE(8), .type = STT_FUNC, .dynamic = true },
		{ .name = "third", .type = STT_FUNC, .dynamic = true, .undefined = true },
	};
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbols, 3, 0, NULL, 0 };
	__cleanup_free char *path = elf_fixture__write(elf_dir, "image", &f),
			    *made = xcalloc(1, 1 << 16);
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	__cleanup_free char *image = NULL;
	char why[1024] = "";
	int64_t size = elf_reader__make_image(fd, -1, path, made, 1 << 16, why);
	size_t sound = 0;

	assert_true(size > 0);
	image = malloc(size); /* so that AddressSanitizer detects a read beyond it */
	memcpy(image, made, size);
	assert_true(elf_image__is_sound(image, size));
	for (int64_t cut = 0; cut < size; cut++) {
		__cleanup_free char *part = malloc(cut + 1);

		memcpy(part, image, cut);
		assert_false(elf_image__is_sound(part, cut));
	}
	for (int64_t i = 0; i < size; i++) {
		for (int value = 0; value < 256; value++) {
			image[i] = (char)value;
			sound += elf_image__is_sound(image, size);
		}
		image[i] = made[i];
	}
	assert_in_range(sound, 1, 256 * size - 1);
	((struct elf_image *)image)->hazards = HAZARDS_ALL + 1;
	assert_false(elf_image__is_sound(image, size));
	((struct elf_image *)image)->hazards = 0;
	((struct elf_image *)image)->records = UINT32_MAX;
	assert_false(elf_image__is_sound(image, size));
	((struct elf_image *)image)->records = 2;
	((struct elf_image *)image)->names = UINT32_MAX;
	assert_false(elf_image__is_sound(image, size));
}

/* Unsorted names would break a binary search. An offset beyond the file matches nothing. */
static void test_hostile_records(void **state)
{
	struct {
		struct elf_image head;
		char names[8];
		struct elf_record records[2];
	} image = {
		.head = { .magic = ELF_IMAGE_MAGIC,
			  .file_size = 100,
			  .names = 8,
			  .records = 2,
			  .records_at = sizeof(struct elf_image) + 8 },
		.names = "\0a\0b\0c",
		.records = { { .name = 1, .offset = 10, .copies = 1 },
			     { .name = 3, .offset = 20, .copies = 1 } },
	};

	assert_true(elf_image__is_sound(&image, sizeof(image)));
	image.records[1].name = 1;
	assert_false(elf_image__is_sound(&image, sizeof(image)));
	image.records[1].name = 8;
	assert_false(elf_image__is_sound(&image, sizeof(image)));
	image.records[1].name = 3;
	image.records[1].offset = 100;
	assert_false(elf_image__is_sound(&image, sizeof(image)));
	image.records[1].offset = 20;
	image.records[1].size = 81;
	assert_false(elf_image__is_sound(&image, sizeof(image)));
	image.records[1].size = 80;
	assert_true(elf_image__is_sound(&image, sizeof(image)));
	image.head.records_at += 4;
	assert_false(elf_image__is_sound(&image, sizeof(image)));
}

/* This program itself: the offset must be where the code is mapped from. */
static void __attribute__((noinline)) landmark(void)
{
	__asm__ volatile("");
}

static void test_self(void **state)
{
	__cleanup_fclose FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t addr = (uintptr_t)landmark;
	unsigned long begin, end, offset, want = 0;
	struct elf_symbol sym;
	struct elf_symbols *e;
	char *why, line[512];

	landmark();
	assert_int_equal(open_elf("/proc/self/exe", &e, &why), 0);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 && addr >= begin &&
		    addr < end)
			want = addr - begin + offset;
	}
	sym = find(e, "landmark");
	assert_true(want);
	assert_int_equal(sym.offset, want);
	assert_in_range(sym.size, 1, 4096);
	elf_symbols__free(e);
}

/* Imports of this program, and their libraries. */
static void test_dynamic(void **state)
{
	bool needed = false, imported = false;
	struct elf_symbols *e;
	char *why;

	assert_int_equal(open_elf("/proc/self/exe", &e, &why), 0);
	for (size_t i = 0; i < elf_symbols__ndynamics(e); i++) {
		struct elf_dynamic d = elf_symbols__dynamic(e, i);

		needed |= d.kind == ELF_NEEDED && !strcmp(d.name, "libc.so.6");
		imported |= d.kind == ELF_IMPORTED && !strcmp(d.name, "ftruncate") &&
			    !strcmp(d.file, "libc.so.6") && !strncmp(d.version, "GLIBC_2", 7);
		assert_true(d.kind != ELF_IMPORTED || !d.offset);
	}
	assert_true(needed && imported);
	elf_symbols__free(e);
}

/* Under a uprobe, the kernel misreads their opcodes as "jp" and "push". */
static void test_vector_instructions(void **state)
{
	static const struct {
		uint8_t code[16];
		bool misrun;
	} rows[] = {
#ifdef __x86_64__
		{ { 0x62, 0xe2, 0x7d, 0x28, 0x7a, 0xce }, true }, /* vpbroadcastb %esi,%ymm17 */
		{ { 0xc5, 0xf8, 0x77 }, true },			  /* vzeroupper */
		{ { 0xc4, 0xe2, 0x7d, 0x78, 0xc0 }, true },	  /* vpbroadcastb %xmm0,%ymm0 */
		{ { 0x67, 0xc5, 0xf9, 0x6e, 0xc6 }, true },
#endif
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0xc5, 0xf8, 0x77 }, false }, /* endbr64 */
		{ { 0x55, 0x48, 0x89, 0xe5 }, false },			 /* push %rbp */
		{ { 0x66, 0x0f, 0x6e, 0xc6 }, false },			 /* movd %esi,%xmm0 */
		{ { 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67, 0x67,
		    0x67, 0x67, 0x67 },
		  false },
	};
	char why[CONFINED_WHY] = "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct elf_input in = { .data = rows[i].code,
					.size = sizeof(rows[i].code),
					.path = "code",
					.why = why };

		assert_int_equal(elf_code__is_misrun(&in, 0), rows[i].misrun);
	}
	assert_false(elf_code__is_misrun(
		&(struct elf_input){ .data = rows[0].code, .size = 0, .path = "code", .why = why },
		0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_offsets, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_names, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_exported_versions, elf_dir__make,
						elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_refused, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_no_functions, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_hazards, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_cold_halves, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_damaged, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_hostile_image, elf_dir__make, elf_dir__remove),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_vector_instructions),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_dynamic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
