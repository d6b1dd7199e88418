/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF file. */
#include <fcntl.h>

#include "elf/soname.h"
#include "elf/symbols.h"
#include "files/confined.h"
#include "fuzz.h"

static void read_soname(int fd)
{
	char name[ELF_SONAME_MAX + 1], why[CONFINED_WHY] = "";
	int64_t size = elf_soname__read_here(fd, "FILE", name, sizeof(name), why);

	fuzz__check(size <= (int64_t)sizeof(name) &&
		    (size <= 0 || strlen(name) == (size_t)size - 1));
}

void fuzz__input(const char *data, size_t len)
{
	__cleanup_close int fd = open(fuzz__file(0, data, len), O_RDONLY | O_CLOEXEC);
	struct elf_symbols *e = NULL;
	struct elf_extent cold[4];
	char *why = NULL;
	size_t n;

	read_soname(fd);
	if (elf_symbols__read_here(fd, -1, "FILE", &e, &why)) {
		fuzz__check_message(why);
		return;
	}
	n = elf_symbols__count(e);
	for (size_t i = 0; i < n; i++) {
		struct elf_symbol sym = elf_symbols__at(e, i), found;

		fuzz__check(elf_symbols__find(e, sym.name, &found) && found.name == sym.name &&
			    sym.copies);
		elf_symbols__cold(e, sym.name, cold, ARRAY_SIZE(cold));
	}
	elf_symbols__free(e);
}
