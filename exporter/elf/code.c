/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/code.h"

#define INSN_MAX 15

/* Segment and address-size prefixes: the only ones allowed before VEX, EVEX and REX2. */
static const char prefixes[] = "\x26\x2e\x36\x3e\x64\x65\x67";

static bool is_any_of(uint8_t byte, const char *bytes)
{
	return byte && strchr(bytes, byte);
}

bool elf_code__is_misrun(struct elf_input *in, uint64_t offset)
{
	uint8_t code[INSN_MAX] = { 0 };
	size_t i = 0;

	if (OUR_MACHINE != EM_X86_64 ||
	    elf_input__read(in, offset, code,
			    in->size - offset < INSN_MAX ? in->size - offset : INSN_MAX))
		return false;
	while (i < INSN_MAX - 1 && is_any_of(code[i], prefixes))
		i++;
	/* EVEX, VEX, VEX of two bytes, REX2 */
	return is_any_of(code[i], "\x62\xc4\xc5\xd5");
}
