/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/segments.h"

#include <errno.h>

int segments__read(struct segments *s, Elf *elf)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return -ENOENT;
	for (size_t i = 0; i < n && s->n < SEGMENTS_MAX; i++) {
		GElf_Phdr *p = &s->v[s->n];

		if (gelf_getphdr(elf, i, p) && p->p_type == PT_LOAD && p->p_flags & PF_X)
			s->n++;
	}
	return 0;
}

bool segments__offset(const struct segments *s, uint64_t address, uint64_t *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const GElf_Phdr *p = &s->v[i];

		if (address < p->p_vaddr || address - p->p_vaddr >= p->p_filesz)
			continue;
		*out = address - p->p_vaddr + p->p_offset;
		return true;
	}
	return false;
}
