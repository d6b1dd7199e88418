/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF file and its debug file: the length of the first in four bytes, then both. */
#include <fcntl.h>

#include "files/confined.h"
#include "elf/debug.h"
#include "elf/symbols.h"
#include "fuzz.h"

static void check_link(const struct elf_debug_link *link)
{
	fuzz__check(memchr(link->name, '\0', sizeof(link->name)) && !strchr(link->name, '/') &&
		    strcmp(link->name, "..") && link->nbuild_id <= ELF_BUILD_ID_MAX);
}

void fuzz__input(const char *data, size_t len)
{
	__cleanup_close int fd = -1, debug = -1;
	struct elf_symbols *e = NULL;
	char *why = NULL, text[CONFINED_WHY] = "";
	struct elf_input in;
	uint32_t first;

	if (len < sizeof(first))
		return;
	memcpy(&first, data, sizeof(first));
	data += sizeof(first);
	len -= sizeof(first);
	if (first > len)
		first = len;
	fd = open(fuzz__file(0, data, first), O_RDONLY | O_CLOEXEC);
	debug = open(fuzz__file(1, data + first, len - first), O_RDONLY | O_CLOEXEC);
	if (elf_symbols__read_here(fd, debug, "FILE", &e, &why)) {
		fuzz__check_message(why);
		return;
	}
	check_link(elf_symbols__debug_link(e));
	if (!elf_input__open(&in, debug, NULL, 0, "DEBUG", text))
		elf_debug__matches(&in, elf_symbols__debug_link(e));
	elf_input__close(&in);
	elf_symbols__free(e);
}
