/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An argument is [-]SIZE@OPERAND; "-" means a signed number. Blanks separate arguments, and arm64
 * also has them in brackets. The text is the file owner's: what cannot be read is RP_OPERAND_NONE.
 */
#include "elf/operands.h"

#include <ctype.h>
#include <stddef.h>
#include <sys/user.h>

struct reg {
	const char *names[4]; /* of 8, 4, 2 and 1 bytes */
	size_t offset;
};

#if defined(__x86_64__)
/* The same as in the kernel's struct pt_regs. */
#define REG(field) offsetof(struct user_regs_struct, field)
static const struct reg regs[] = {
	{ { "rax", "eax", "ax", "al" }, REG(rax) },
	{ { "rbx", "ebx", "bx", "bl" }, REG(rbx) },
	{ { "rcx", "ecx", "cx", "cl" }, REG(rcx) },
	{ { "rdx", "edx", "dx", "dl" }, REG(rdx) },
	{ { "rsi", "esi", "si", "sil" }, REG(rsi) },
	{ { "rdi", "edi", "di", "dil" }, REG(rdi) },
	{ { "rbp", "ebp", "bp", "bpl" }, REG(rbp) },
	{ { "rsp", "esp", "sp", "spl" }, REG(rsp) },
	{ { "r8", "r8d", "r8w", "r8b" }, REG(r8) },
	{ { "r9", "r9d", "r9w", "r9b" }, REG(r9) },
	{ { "r10", "r10d", "r10w", "r10b" }, REG(r10) },
	{ { "r11", "r11d", "r11w", "r11b" }, REG(r11) },
	{ { "r12", "r12d", "r12w", "r12b" }, REG(r12) },
	{ { "r13", "r13d", "r13w", "r13b" }, REG(r13) },
	{ { "r14", "r14d", "r14w", "r14b" }, REG(r14) },
	{ { "r15", "r15d", "r15w", "r15b" }, REG(r15) },
};

static bool find_register(const char *name, size_t len, uint16_t *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(regs[i].names); k++) {
			if (strlen(regs[i].names[k]) != len || strncmp(regs[i].names[k], name, len))
				continue;
			*out = regs[i].offset;
			return true;
		}
	}
	return false;
}

/* "%eax" */
static bool take_register(const char **s, uint16_t *out)
{
	size_t len;

	if (**s != '%')
		return false;
	len = strspn(*s + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
	if (!find_register(*s + 1, len, out))
		return false;
	*s += 1 + len;
	return true;
}
#endif

static bool take(const char **s, char c)
{
	bool is = **s == c;

	*s += is;
	return is;
}

static bool take_number(const char **s, int64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)**s) && !(**s == '-' && isdigit((unsigned char)(*s)[1])))
		return false;
	*out = strtoll(*s, &end, 0);
	*s = end;
	return true;
}

#if defined(__x86_64__)
/* ",%rcx,8" */
static bool take_index(const char **s, struct rp_operand *o)
{
	int64_t scale = 1;

	if (!take_register(s, &o->index))
		return false;
	if (take(s, ',') && !take_number(s, &scale))
		return false;
	if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
		return false;
	o->kind = RP_OPERAND_INDEXED;
	o->shift = __builtin_ctzll(scale);
	return true;
}

/* "%rdi", "$-5", "8(%rsp)", "-16(%rbp,%rcx,8)" */
static bool take_operand(const char **s, struct rp_operand *o)
{
	int64_t number = 0;

	if (take(s, '$')) {
		o->kind = RP_OPERAND_CONSTANT;
		if (!take_number(s, &number))
			return false;
		o->value = number;
		return true;
	}
	if (take_register(s, &o->reg)) {
		o->kind = RP_OPERAND_REGISTER;
		return true;
	}
	take_number(s, &number);
	o->value = number;
	o->kind = RP_OPERAND_MEMORY;
	if (!take(s, '(') || !take_register(s, &o->reg))
		return false;
	if (take(s, ',') && !take_index(s, o))
		return false;
	return take(s, ')');
}
#elif defined(__aarch64__)
/* "x0", "w0", "sp": the registers of struct pt_regs begin with x0 to x30, and sp. */
static bool take_register(const char **s, uint16_t *out)
{
	int64_t number;

	if (!strncmp(*s, "sp", 2)) {
		*s += 2;
		*out = 31 * sizeof(uint64_t);
		return true;
	}
	if (**s != 'x' && **s != 'w')
		return false;
	(*s)++;
	if (**s == '-' || !take_number(s, &number) || number > 30)
		return false;
	*out = number * sizeof(uint64_t);
	return true;
}

/* "x0", "5", "[sp]", "[x19, 16]" */
static bool take_operand(const char **s, struct rp_operand *o)
{
	int64_t number = 0;

	if (take_number(s, &number)) {
		o->kind = RP_OPERAND_CONSTANT;
		o->value = number;
		return true;
	}
	if (!take(s, '[')) {
		o->kind = RP_OPERAND_REGISTER;
		return take_register(s, &o->reg);
	}
	o->kind = RP_OPERAND_MEMORY;
	if (!take_register(s, &o->reg))
		return false;
	if (take(s, ',')) {
		*s += strspn(*s, " ");
		if (!take_number(s, &number))
			return false;
		o->value = number;
	}
	return take(s, ']');
}
#else
static bool take_operand(const char **s, struct rp_operand *o)
{
	return false;
}
#endif

/* "-4@%eax": its size is known even if the operand is not. */
static struct rp_operand parse_one(const char **s)
{
	struct rp_operand o = {};
	int64_t size;

	if (!take_number(s, &size) || size < -8 || size > 8 || !take(s, '@'))
		return o;
	o.is_signed = size < 0;
	o.size = size < 0 ? -size : size;
	if ((o.size != 1 && o.size != 2 && o.size != 4 && o.size != 8) || !take_operand(s, &o) ||
	    (**s && **s != ' '))
		o.kind = RP_OPERAND_NONE;
	return o;
}

size_t operands__parse(const char *text, struct rp_operand *out, size_t max)
{
	size_t n = 0;

	for (const char *s = text + strspn(text, " "); *s; s += strspn(s, " ")) {
		struct rp_operand o = parse_one(&s);

		if (n < max)
			out[n] = o;
		n++;
		/* To the next one. */
		for (bool inside = false; *s && (*s != ' ' || inside); s++)
			inside = *s == '[' || (inside && *s != ']');
	}
	return n;
}
