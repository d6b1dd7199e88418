/* SPDX-License-Identifier: GPL-2.0-only */
/* A mangled name. */
#include "elf/demangle.h"
#include "fuzz.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *name = fuzz__text(data, len);
	static char out[DEMANGLED_MAX + 1];
	size_t bare;

	/* The maximum length of a symbol. */
	if (strlen(name) > 4096)
		return;
	demangle__here(name, out, &bare);
	fuzz__check(strlen(out) <= DEMANGLED_MAX && bare <= strlen(out));
}
