/* SPDX-License-Identifier: GPL-2.0-only */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "elf/soname.h"
#include "temp_dir.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#else
#define MACHINE EM_AARCH64
#endif

/* A library without code: its dynamic section and the strings of that. */
struct library {
	Elf64_Ehdr header;
	Elf64_Dyn dynamic[3];
	char strings[512];
	Elf64_Shdr sections[3];
};

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

static struct library library(void)
{
	struct library l = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = MACHINE,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shoff = offsetof(struct library, sections),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 3,
		},
		.dynamic = {
			{ .d_tag = DT_NEEDED, .d_un.d_val = 1 },
			{ .d_tag = DT_SONAME, .d_un.d_val = 9 },
		},
		.strings = "\0needed.\0libunit.so.3",
		.sections = {
			[1] = {
				.sh_type = SHT_DYNAMIC,
				.sh_link = 2,
				.sh_offset = offsetof(struct library, dynamic),
				.sh_size = 3 * sizeof(Elf64_Dyn),
			},
			[2] = {
				.sh_type = SHT_STRTAB,
				.sh_offset = offsetof(struct library, strings),
				.sh_size = 512,
			},
		},
	};

	return l;
}

static char *read_bytes(const void *bytes, size_t len)
{
	__cleanup_free char *path = xasprintf("%s/file", dir);
	__cleanup_close int fd = -1;

	temp_dir__write(dir, "file", bytes, len);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return elf_soname__read(fd, path);
}

static char *read_library(const struct library *l)
{
	return read_bytes(l, sizeof(*l));
}

static void test_name(void **state)
{
	struct library l = library();
	__cleanup_free char *name = read_library(&l);

	assert_string_equal(name, "libunit.so.3");
}

static void test_no_name(void **state)
{
	struct library l = library();

	l.dynamic[1].d_tag = DT_FLAGS;
	assert_null(read_library(&l));
	l = library();
	l.dynamic[0].d_tag = DT_NULL; /* the end */
	assert_null(read_library(&l));
	l = library();
	l.sections[1].sh_type = SHT_PROGBITS;
	assert_null(read_library(&l));
	assert_null(read_bytes("text", 4));
	assert_null(read_bytes("", 0));
}

/* Each of these lies about something. */
static void test_hostile(void **state)
{
	struct library l = library();

	l.dynamic[1].d_un.d_val = 512;
	assert_null(read_library(&l));
	l.dynamic[1].d_un.d_val = UINT64_MAX;
	assert_null(read_library(&l));
	l = library();
	l.sections[1].sh_link = 3;
	assert_null(read_library(&l));
	l = library();
	l.sections[1].sh_link = 1; /* no strings */
	assert_null(read_library(&l));
	l = library();
	l.sections[1].sh_size = UINT64_MAX;
	assert_null(read_library(&l));
	l = library();
	l.sections[2].sh_offset = UINT64_MAX - 4;
	assert_null(read_library(&l));
	l = library();
	memset(l.strings, 'a', sizeof(l.strings)); /* has no end */
	assert_null(read_library(&l));
	l.strings[9 + ELF_SONAME_MAX + 1] = '\0'; /* too long */
	assert_null(read_library(&l));
}

static void test_longest(void **state)
{
	struct library l = library();
	__cleanup_free char *name = NULL;

	memset(l.strings, 'a', sizeof(l.strings));
	l.strings[9 + ELF_SONAME_MAX] = '\0';
	name = read_library(&l);
	assert_int_equal(strlen(name), ELF_SONAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
