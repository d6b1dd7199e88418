/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments of USDT probes, as compilers write them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/user.h>

#include "elf/operands.h"

static void check(const char *text, struct rp_operand expected)
{
	struct rp_operand o = {};

	if (operands__parse(text, &o, 1) != 1 || memcmp(&o, &expected, sizeof(o)))
		fail_msg("%s: kind %d, size %d, signed %d, shift %d, registers %d and %d, value "
			 "%lld",
			 text, o.kind, o.size, o.is_signed, o.shift, o.reg, o.index,
			 (long long)o.value);
}

#if defined(__x86_64__)
#define REG(field) offsetof(struct user_regs_struct, field)

static void good(void **state)
{
	check("8@%rdi",
	      (struct rp_operand){ .kind = RP_OPERAND_REGISTER, .size = 8, .reg = REG(rdi) });
	check("-4@%eax",
	      (struct rp_operand){
		      .kind = RP_OPERAND_REGISTER, .size = 4, .is_signed = 1, .reg = REG(rax) });
	check("2@%r10w",
	      (struct rp_operand){ .kind = RP_OPERAND_REGISTER, .size = 2, .reg = REG(r10) });
	check("-1@%sil",
	      (struct rp_operand){
		      .kind = RP_OPERAND_REGISTER, .size = 1, .is_signed = 1, .reg = REG(rsi) });
	check("-4@$-12",
	      (struct rp_operand){
		      .kind = RP_OPERAND_CONSTANT, .size = 4, .is_signed = 1, .value = -12 });
	check("8@$0x10",
	      (struct rp_operand){ .kind = RP_OPERAND_CONSTANT, .size = 8, .value = 16 });
	check("8@(%rsp)",
	      (struct rp_operand){ .kind = RP_OPERAND_MEMORY, .size = 8, .reg = REG(rsp) });
	check("4@-20(%rbp)",
	      (struct rp_operand){
		      .kind = RP_OPERAND_MEMORY, .size = 4, .reg = REG(rbp), .value = -20 });
	check("-8@0(%rbp,%rsi,8)", (struct rp_operand){ .kind = RP_OPERAND_INDEXED,
							.size = 8,
							.is_signed = 1,
							.shift = 3,
							.reg = REG(rbp),
							.index = REG(rsi) });
	check("1@5(%rax,%r15)", (struct rp_operand){ .kind = RP_OPERAND_INDEXED,
						     .size = 1,
						     .reg = REG(rax),
						     .index = REG(r15),
						     .value = 5 });
}

static void unreadable(void **state)
{
	check("4@counter(%rip)", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 4 });
	check("8@%xmm0", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 8 });
	check("8f@%rbx", (struct rp_operand){});
	check("-1@%ah", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 1, .is_signed = 1 });
	check("3@%eax", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 3 });
	check("99999999999999999999@%eax", (struct rp_operand){});
	check("4@%eax)",
	      (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 4, .reg = REG(rax) });
	check("4@8(%rax,%rbx,3)", (struct rp_operand){ .kind = RP_OPERAND_NONE,
						       .size = 4,
						       .reg = REG(rax),
						       .index = REG(rbx),
						       .value = 8 });
	check("4@$", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 4 });
	check("4@", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 4 });
	check("@", (struct rp_operand){});
}

/* One that cannot be read does not hide the others. */
static void several(void **state)
{
	struct rp_operand o[3];

	assert_int_equal(operands__parse("", o, 3), 0);
	assert_int_equal(operands__parse("  ", o, 3), 0);
	assert_int_equal(operands__parse("-4@%eax 8@x+8(%rip)  4@$7 1@%bl", o, 3), 4);
	assert_int_equal(o[0].kind, RP_OPERAND_REGISTER);
	assert_int_equal(o[1].kind, RP_OPERAND_NONE);
	assert_int_equal(o[2].kind, RP_OPERAND_CONSTANT);
	assert_int_equal(o[2].value, 7);
}
#else
static void good(void **state)
{
	check("8@x3", (struct rp_operand){ .kind = RP_OPERAND_REGISTER, .size = 8, .reg = 24 });
	check("-4@w0",
	      (struct rp_operand){ .kind = RP_OPERAND_REGISTER, .size = 4, .is_signed = 1 });
	check("-4@5", (struct rp_operand){
			      .kind = RP_OPERAND_CONSTANT, .size = 4, .is_signed = 1, .value = 5 });
	check("8@[sp]", (struct rp_operand){ .kind = RP_OPERAND_MEMORY, .size = 8, .reg = 248 });
	check("4@[x19, -16]",
	      (struct rp_operand){
		      .kind = RP_OPERAND_MEMORY, .size = 4, .reg = 152, .value = -16 });
}

static void unreadable(void **state)
{
	check("8@d0", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 8 });
	check("8@x31", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 8 });
	check("8@[x1, x2]", (struct rp_operand){ .kind = RP_OPERAND_NONE, .size = 8, .reg = 8 });
}

static void several(void **state)
{
	struct rp_operand o[2];

	assert_int_equal(operands__parse("8@[x0, 8] -4@w1 4@3", o, 2), 3);
	assert_int_equal(o[1].kind, RP_OPERAND_REGISTER);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
