/* SPDX-License-Identifier: GPL-2.0-only */
/* The notes of USDT probes in a file. They are its owner's: damaged ones are left out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "elf/symbols.h"
#include "elf_fixture.h"

#if defined(__x86_64__)
static const uint8_t nop[] = { 0x90 };
#else
static const uint8_t nop[] = { 0x1f, 0x20, 0x03, 0xd5 };
#endif

#define NOP	  0x20 /* where the code has it */
#define SEMAPHORE 0x500010

struct notes {
	uint8_t bytes[512];
	size_t n;
};

static void add(struct notes *out, uint32_t type, const char *owner, const uint64_t words[3],
		const char *texts, size_t len)
{
	const Elf64_Nhdr h = { strlen(owner) + 1, 3 * sizeof(uint64_t) + len, type };
	uint8_t *at = out->bytes + out->n;

	memcpy(at, &h, sizeof(h));
	memcpy(at += sizeof(h), owner, h.n_namesz);
	memcpy(at += ALIGN_UP(h.n_namesz, 4), words, 3 * sizeof(uint64_t));
	memcpy(at + 3 * sizeof(uint64_t), texts, len);
	out->n += sizeof(h) + ALIGN_UP(h.n_namesz, 4) + ALIGN_UP(h.n_descsz, 4);
	assert_true(out->n <= sizeof(out->bytes));
}

static void add_probe(struct notes *out, uint64_t addr, uint64_t semaphore, const char *texts,
		      size_t len)
{
	add(out, 3, "stapsdt", (uint64_t[]){ addr, 0, semaphore }, texts, len);
}

#define ORDER "shop\0order\0-4@%edi"

static char *write_notes(const struct notes *notes)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "f", .addr = CODE(0), .type = STT_FUNC },
	};
	const struct elf_fixture_section section = { ".note.stapsdt", SHT_NOTE, notes->bytes,
						     notes->n };
	struct elf_fixture f = { ELF_FIXTURE_MACHINE, ET_DYN, NULL, symbols, 1, 0, &section, 1 };
	char *path = elf_fixture__write(elf_dir, "usdt", &f);
	__cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(pwrite(fd, nop, sizeof(nop), OFFSET(NOP)), sizeof(nop));
	return path;
}

static struct elf_symbols *read_file(const char *path)
{
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	__cleanup_free char *why = NULL;
	struct elf_symbols *e = NULL;
	struct elf_symbol sym;

	if (elf_symbols__read_here(fd, -1, path, &e, &why))
		fail_msg("%s", why);
	assert_true(elf_symbols__find(e, "f", &sym)); /* whatever the notes are */
	return e;
}

static struct elf_symbols *read_notes(const struct notes *notes)
{
	__cleanup_free char *path = write_notes(notes);

	return read_file(path);
}

static void test_probes(void **state)
{
	struct notes notes = {};
	struct elf_symbols *e;
	struct elf_usdt u;

	add(&notes, 3, "other", (uint64_t[3]){ CODE(NOP) }, ORDER, sizeof(ORDER));
	add(&notes, 4, "stapsdt", (uint64_t[3]){ CODE(NOP) }, ORDER, sizeof(ORDER));
	add_probe(&notes, CODE(NOP), 0, ORDER, sizeof(ORDER));
	add_probe(&notes, CODE(NOP), SEMAPHORE, "shop\0done\0", sizeof("shop\0done\0"));
	e = read_notes(&notes);
	assert_int_equal(elf_symbols__nusdts(e), 2);
	u = elf_symbols__usdt(e, 0);
	assert_string_equal(u.provider, "shop");
	assert_string_equal(u.name, "order");
	assert_string_equal(u.args, "-4@%edi");
	assert_int_equal(u.offset, OFFSET(NOP));
	assert_int_equal(u.semaphore, 0);
	u = elf_symbols__usdt(e, 1);
	assert_string_equal(u.name, "done");
	assert_string_equal(u.args, "");
	assert_int_equal(u.semaphore, SEMAPHORE - 0x500000);
	elf_symbols__free(e);
}

/* A breakpoint or a counter there could harm the program. */
static void test_places(void **state)
{
	static const uint64_t rows[][2] = {
		{ CODE(NOP + 1), 0 },	       /* another instruction */
		{ CODE(ELF_FIXTURE_SIZE), 0 }, /* in no part of the file */
		{ 0x500000, 0 },	       /* data */
		{ CODE(NOP), 0x600000 },       /* the semaphore is nowhere */
		{ CODE(NOP), CODE(0) },	       /* it is code */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct notes notes = {};
		struct elf_symbols *e;

		add_probe(&notes, rows[i][0], rows[i][1], ORDER, sizeof(ORDER));
		e = read_notes(&notes);
		if (elf_symbols__nusdts(e))
			fail_msg("row %zu is a probe", i);
		elf_symbols__free(e);
	}
}

/* Texts that do not end, too few of them, no name; and notes that are cut anywhere. */
static void test_damaged_notes(void **state)
{
	static const struct {
		const char *texts;
		size_t len;
	} rows[] = {
		{ "shop\0order\0x", 12 }, { "shop\0order", 11 }, { "shop\0\0", 7 }, { "", 0 }
	};
	struct notes good = {};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct notes notes = {};
		struct elf_symbols *e;

		add_probe(&notes, CODE(NOP), 0, rows[i].texts, rows[i].len);
		add_probe(&notes, CODE(NOP), 0, ORDER, sizeof(ORDER));
		e = read_notes(&notes);
		if (elf_symbols__nusdts(e) != 1)
			fail_msg("row %zu: %zu probes", i, elf_symbols__nusdts(e));
		elf_symbols__free(e);
	}
	add_probe(&good, CODE(NOP), 0, ORDER, sizeof(ORDER));
	while (good.n) {
		struct elf_symbols *e;

		good.n--;
		e = read_notes(&good);
		assert_int_equal(elf_symbols__nusdts(e), 0);
		elf_symbols__free(e);
	}
}

/* Notes beyond the end of the file say nothing about its functions. */
static void test_notes_elsewhere(void **state)
{
	struct notes notes = {};
	__cleanup_free char *path = NULL;
	__cleanup_close int fd = -1;
	struct elf_symbols *e;
	Elf64_Ehdr header;
	Elf64_Shdr section;

	add_probe(&notes, CODE(NOP), 0, ORDER, sizeof(ORDER));
	path = write_notes(&notes);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (size_t i = 0; i < header.e_shnum; i++) {
		off_t at = header.e_shoff + i * sizeof(section);

		assert_int_equal(pread(fd, &section, sizeof(section), at), sizeof(section));
		section.sh_offset = section.sh_type == SHT_NOTE ? 1 << 20 : section.sh_offset;
		assert_int_equal(pwrite(fd, &section, sizeof(section), at), sizeof(section));
	}
	e = read_file(path);
	assert_int_equal(elf_symbols__nusdts(e), 0);
	elf_symbols__free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_probes, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_places, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_damaged_notes, elf_dir__make, elf_dir__remove),
		cmocka_unit_test_setup_teardown(test_notes_elsewhere, elf_dir__make,
						elf_dir__remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
