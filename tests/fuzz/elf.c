/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF file. */
#include "elf_symbols.h"
#include "fuzz.h"

void fuzz__input(const char *data, size_t len)
{
	struct elf_symbols *e = NULL;
	const struct elf_symbol *v;
	char *why = NULL;
	size_t n;

	if (elf_symbols__open(fuzz__file(0, data, len), &e, &why)) {
		fuzz__check_message(why);
		return;
	}
	v = elf_symbols__all(e, &n);
	fuzz__check(n);
	for (size_t i = 0; i < n; i++)
		fuzz__check(elf_symbols__find(e, v[i].name) == &v[i] && v[i].copies);
	elf_symbols__free(e);
}
