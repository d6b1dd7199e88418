/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/code.h"

#ifdef __x86_64__

#define INSN_MAX 15

/* Segment and address-size prefixes: the only ones allowed before VEX, EVEX and REX2. */
static bool may_precede(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x67:
		return true;
	}
	return false;
}

bool elf_code__is_misrun(struct elf_input *in, uint64_t offset)
{
	uint8_t code[INSN_MAX] = { 0 };
	size_t i = 0;

	if (elf_input__read(in, offset, code,
			    in->size - offset < INSN_MAX ? in->size - offset : INSN_MAX))
		return false;
	while (i < INSN_MAX - 1 && may_precede(code[i]))
		i++;
	switch (code[i]) {
	case 0x62: /* EVEX */
	case 0xc4: /* VEX */
	case 0xc5: /* VEX of two bytes */
	case 0xd5: /* REX2 */
		return true;
	}
	return false;
}

#else

bool elf_code__is_misrun(struct elf_input *in, uint64_t offset)
{
	(void)in;
	(void)offset;
	return false;
}

#endif
