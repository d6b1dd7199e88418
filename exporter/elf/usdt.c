/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A note has three addresses: that of the probe, that of the section .stapsdt.base as it was when
 * the program was linked, and that of the semaphore, or 0. Then come three texts: provider, name
 * and arguments. If prelinking has moved the program, the base has moved by as much.
 */
#include "elf/usdt.h"

#define NOTE_TYPE 3
#define NOTE_NAME "stapsdt"

struct note {
	uint64_t location, base, semaphore;
	uint32_t provider, name, args; /* offsets among the names */
};

/* A text that ends within the note. */
static bool take_text(const char *names, uint32_t *at, uint32_t end, uint32_t *out)
{
	size_t len = strnlen(names + *at, end - *at);

	if (len == end - *at || len > ELF_NAME_MAX)
		return false;
	*out = *at;
	*at += len + 1;
	return true;
}

static bool read_note(const char *names, uint32_t at, uint32_t end, struct note *n)
{
	const size_t words = 3 * sizeof(uint64_t);

	if (end - at < words)
		return false;
	memcpy(n, names + at, words);
	at += words;
	return take_text(names, &at, end, &n->provider) && take_text(names, &at, end, &n->name) &&
	       take_text(names, &at, end, &n->args) && names[n->name];
}

/* Whether nothing is done there. A breakpoint inside of another instruction would break it. */
static bool is_nop(const struct elf_usdts *u, uint64_t offset)
{
#if defined(__aarch64__)
	static const uint8_t nops[][4] = { { 0x1f, 0x20, 0x03, 0xd5 } };
	const size_t lens[] = { 4 };
#else
	static const uint8_t nops[][4] = { { 0x90 }, { 0x0f, 0x1f } };
	const size_t lens[] = { 1, 2 };
#endif
	uint8_t code[4];

	if (elf_input__read(u->in, offset, code, sizeof(code)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		if (!memcmp(code, nops[i], lens[i]))
			return true;
	return false;
}

static bool make_record(const struct elf_usdts *u, const struct note *n, uint64_t moved,
			struct elf_usdt_record *r)
{
	uint64_t offset, semaphore = 0;

	if (!u->locate(u->ctx, n->location + moved, true, &offset) || offset > UINT32_MAX ||
	    !is_nop(u, offset))
		return false;
	if (n->semaphore &&
	    (!u->locate(u->ctx, n->semaphore + moved, false, &semaphore) || semaphore > UINT32_MAX))
		return false;
	*r = (struct elf_usdt_record){ n->provider, n->name, n->args, offset, semaphore };
	return true;
}

size_t elf_usdt__read(const struct elf_usdts *u)
{
	const Elf64_Shdr *base = elf_input__section_named(u->in, ".stapsdt.base");
	uint32_t at = u->notes_at, end = u->notes_at + u->notes;
	size_t n = 0;

	while (end - at >= sizeof(Elf64_Nhdr) && n < u->max) {
		Elf64_Nhdr h;
		struct note note;
		uint64_t desc, next;

		memcpy(&h, u->names + at, sizeof(h));
		desc = at + sizeof(h) + ALIGN_UP((uint64_t)h.n_namesz, 4);
		next = desc + ALIGN_UP((uint64_t)h.n_descsz, 4);
		if (desc > end || next > end)
			break;
		if (h.n_type == NOTE_TYPE && h.n_namesz == sizeof(NOTE_NAME) &&
		    !memcmp(u->names + at + sizeof(h), NOTE_NAME, sizeof(NOTE_NAME)) &&
		    read_note(u->names, desc, desc + h.n_descsz, &note) &&
		    make_record(u, &note, base && note.base ? base->sh_addr - note.base : 0,
				&u->out[n]))
			n++;
		at = next;
	}
	return n;
}
