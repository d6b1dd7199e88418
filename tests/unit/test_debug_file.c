/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>
#include <libdeflate.h>
#include <lzma.h>

#include "elf/debug_file.h"
#include "elf/symbols.h"
#include "elf_fixture.h"

#define ROWS(v) v, ARRAY_SIZE(v)

/* Notes with a build ID of 4 bytes. */
#define NOTE(a, b, c, d)                                                         \
	{                                                                        \
		4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, a, b, c, d \
	}
static const uint8_t note[] = NOTE(1, 2, 3, 4), other_note[] = NOTE(1, 2, 3, 5);

static const struct elf_fixture_symbol exported[] = {
	{ .name = "exported", .addr = CODE(0), .type = STT_FUNC, .dynamic = true },
};
static const struct elf_fixture_symbol debug_symbols[] = {
	{ .name = "parse", .addr = CODE(0x40), .type = STT_FUNC, .size = 8 },
	{ .name = "exported", .addr = CODE(0x80), .type = STT_FUNC },
	{ .name = "in_data", .addr = 0x500010, .type = STT_FUNC },
	{ .name = "nowhere", .addr = 0x700000, .type = STT_FUNC },
};

static uint32_t checksum(const char *path)
{
	static char content[1 << 16];
	__cleanup_fclose FILE *f = fopen(path, "re");

	assert_non_null(f);
	return libdeflate_crc32(0, content, fread(content, 1, sizeof(content), f));
}

static char *write_elf(const char *name, const struct elf_fixture_symbol *symbols, size_t n,
		       const struct elf_fixture_section *more, size_t nmore)
{
	struct elf_fixture f = {
		.machine = ELF_FIXTURE_MACHINE,
		.type = ET_DYN,
		.symbols = symbols,
		.nsymbols = n,
		.more = more,
		.nmore = nmore,
	};

	return elf_fixture__write(elf_dir, name, &f);
}

/* A stripped program that names DEBUG with a checksum. id: its build ID, or NULL. */
static char *write_program(const char *debug, uint32_t crc, const uint8_t *id)
{
	char link[64] = "";
	size_t len = ALIGN_UP(strlen(debug) + 1, 4);
	struct elf_fixture_section more[] = {
		{ ".gnu_debuglink", SHT_PROGBITS, link, len + sizeof(crc) },
		{ ".note.gnu.build-id", SHT_NOTE, id, sizeof(note) },
	};

	strcpy(link, debug);
	memcpy(link + len, &crc, sizeof(crc));
	return write_elf("program", ROWS(exported), more, id ? 2 : 1);
}

static char *write_debug(const char *name, const uint8_t *id)
{
	struct elf_fixture_section more = { ".note.gnu.build-id", SHT_NOTE, id, sizeof(note) };

	return write_elf(name, ROWS(debug_symbols), &more, id != NULL);
}

/* As discovery does it. NULL: see *why. */
static struct elf_symbols *read_with_debug(const char *path, char **why)
{
	struct opened_file *f, *debug;
	struct elf_symbols *own, *all = NULL;
	struct file_id id;

	*why = NULL;
	assert_int_equal(opened_file__open(path, &f, &id, why), 0);
	assert_int_equal(elf_symbols__read(f->fd, -1, path, &own, why), 0);
	if (!debug_file__open(f, path, elf_symbols__debug_link(own), &debug, why)) {
		assert_int_equal(elf_symbols__read(f->fd, debug->fd, path, &all, why), 0);
		opened_file__unref(debug);
	}
	elf_symbols__free(own);
	opened_file__unref(f);
	return all;
}

static void assert_found(const char *path)
{
	char *why;
	struct elf_symbols *e = read_with_debug(path, &why);
	struct elf_symbol sym;

	if (!e)
		fail_msg("no debug file: %s", why ? why : "there is none");
	assert_true(elf_symbols__find(e, "parse", &sym));
	assert_int_equal(sym.offset, OFFSET(0x40));
	assert_int_equal(sym.size, 8);
	assert_false(elf_symbols__stripped(e));
	elf_symbols__free(e);
}

/* why NULL: there is no debug file, and no message. */
static void assert_not_found(const char *path, const char *text)
{
	__cleanup_free char *why = NULL;

	assert_null(read_with_debug(path, &why));
	if (!text)
		assert_null(why);
	else if (!why || !strstr(why, text) || strchr(why, '\n'))
		fail_msg("\"%s\" does not say \"%s\" on one line", why ? why : "", text);
}

static void test_by_link(void **state)
{
	__cleanup_free char *hidden = xasprintf("%s/.debug", elf_dir);
	__cleanup_free char *moved = xasprintf("%s/.debug/program.debug", elf_dir);
	__cleanup_free char *debug = write_debug("program.debug", NULL);
	__cleanup_free char *program = write_program("program.debug", checksum(debug), NULL);
	__cleanup_free char *alias = xasprintf("%s/.debug/alias", elf_dir);

	assert_found(program);
	assert_int_equal(mkdir(hidden, 0755), 0);
	assert_int_equal(rename(debug, moved), 0);
	assert_found(program);
	/* In the directory of the file itself, whichever symbolic link led to it. */
	assert_int_equal(symlink("../program", alias), 0);
	assert_found(alias);
	assert_int_equal(unlink(moved), 0);
	assert_not_found(program, NULL);
	unlink(alias);
	rmdir(hidden);
}

static void test_of_another_build(void **state)
{
	__cleanup_free char *debug = write_debug("program.debug", NULL);
	__cleanup_free char *program = write_program("program.debug", checksum(debug) + 1, NULL);
	__cleanup_free char *again = NULL, *same = NULL;

	assert_not_found(program, "checksum");
	/* If both files have build IDs, these decide. */
	free(debug);
	debug = write_debug("program.debug", other_note);
	same = write_program("program.debug", checksum(debug), note);
	assert_not_found(same, "build-id");
	free(debug);
	debug = write_debug("program.debug", note);
	again = write_program("program.debug", 0, note);
	assert_found(again);
	temp_dir__write(elf_dir, "program.debug", "no ELF", 6);
	assert_not_found(again, "not an ELF file");
}

/* Symbols where the program has no code are ignored. Exported symbols come first. */
static void test_symbols(void **state)
{
	__cleanup_free char *debug = write_debug("program.debug", note);
	__cleanup_free char *program = write_program("program.debug", 0, note), *why = NULL;
	struct elf_symbols *e = read_with_debug(program, &why);
	struct elf_symbol sym;

	assert_non_null(e);
	assert_int_equal(elf_symbols__count(e), 2);
	assert_true(elf_symbols__find(e, "exported", &sym));
	assert_int_equal(sym.offset, OFFSET(0));
	assert_int_equal(sym.copies, 1);
	elf_symbols__free(e);
}

/* A user with write access could place probes into other users' programs. */
static void test_weak(void **state)
{
	__cleanup_free char *debug = write_debug("program.debug", note);
	__cleanup_free char *program = write_program("program.debug", 0, note);

	assert_int_equal(chmod(debug, 0666), 0);
	assert_not_found(program, "can be written by everybody");
	assert_int_equal(chmod(program, 0777), 0);
	assert_found(program);
}

static void test_hostile_links(void **state)
{
	static const char *const names[] = { "../program.debug", "/etc/passwd", ".", "..", "" };
	__cleanup_free char *debug = write_debug("program.debug", NULL);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		__cleanup_free char *program = write_program(names[i], checksum(debug), NULL);

		assert_not_found(program, NULL);
	}
}

/* ---- .gnu_debugdata ------------------------------------------------------------------------- */

static struct elf_symbols *read_packed(const void *data, size_t size, char **why)
{
	struct elf_fixture_section more = { ".gnu_debugdata", SHT_PROGBITS, data, size };
	__cleanup_free char *path = write_elf("packed", ROWS(exported), &more, 1);
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_symbols *e;

	if (elf_symbols__read(fd, -1, path, &e, why))
		fail_msg("%s", *why);
	return e;
}

static size_t pack(const void *data, size_t len, uint8_t *out, size_t max)
{
	size_t n = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, len, out, &n,
						 max),
			 LZMA_OK);
	return n;
}

static void test_debugdata(void **state)
{
	static uint8_t packed[1 << 16], content[1 << 16];
	__cleanup_free char *debug = write_debug("inner", NULL), *why = NULL;
	__cleanup_fclose FILE *f = fopen(debug, "re");
	size_t n = pack(content, fread(content, 1, sizeof(content), f), packed, sizeof(packed));
	struct elf_symbols *e = read_packed(packed, n, &why);
	struct elf_symbol sym;

	assert_null(elf_symbols__debug_why(e));
	assert_true(elf_symbols__find(e, "parse", &sym));
	assert_int_equal(sym.offset, OFFSET(0x40));
	elf_symbols__free(e);
	/* A damaged section only loses its own symbols. */
	packed[n / 2] ^= 0xff;
	e = read_packed(packed, n, &why);
	assert_non_null(strstr(elf_symbols__debug_why(e), "damaged"));
	assert_false(elf_symbols__find(e, "parse", &sym));
	assert_true(elf_symbols__find(e, "exported", &sym));
	elf_symbols__free(e);
}

/* 256 MiB of zeros compress to 40 kB. */
static void test_bomb(void **state)
{
	const size_t len = 65 << 20, max = 1 << 20;
	__cleanup_free void *zeroes = calloc(len, 1);
	__cleanup_free uint8_t *packed = malloc(max);
	__cleanup_free char *why = NULL;
	struct elf_symbols *e = read_packed(packed, pack(zeroes, len, packed, max), &why);
	struct elf_symbol sym;

	assert_non_null(strstr(elf_symbols__debug_why(e), "more than 64 MiB"));
	assert_true(elf_symbols__find(e, "exported", &sym));
	elf_symbols__free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_link, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_of_another_build, elf_dir__make,
						elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_symbols, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_weak, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_hostile_links, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_debugdata, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_bomb, elf_dir__make, elf_dir__remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
