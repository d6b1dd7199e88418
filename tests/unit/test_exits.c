/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "elf/exits.h"

#define AT 0x1000 /* offset of the function in its file */

/* The exits of a function's code, or why it has none. */
static const char *find(const void *code, size_t size, struct exits *out)
{
	const struct code_range r = { AT, code, size };

	return exits__find(&r, 1, out);
}

static void refused(const void *code, size_t size, const char *why)
{
	struct exits e;
	const char *got = find(code, size, &e);

	if (!got || !strstr(got, why))
		fail_msg("%s, not %s", got ? got : "followed", why);
	assert_int_equal(e.n, 0);
	assert_null(e.v);
}

static void site(const struct exits *e, size_t i, uint64_t offset, int kind)
{
	assert_true(i < e->n);
	assert_int_equal(e->v[i].offset, AT + offset);
	assert_int_equal(e->v[i].is_jump, kind != 0);
	assert_int_equal(e->v[i].how.kind, kind);
}

/* A string of bytes and its length. */
#define BYTES(s) (s), sizeof(s) - 1

static void test_limits(void **state)
{
	struct code_range many[EXITS_RANGES + 1];
	struct exits e;

	refused(BYTES(""), "size");
	refused("", EXITS_MAX_CODE + 1, "too large");
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] =
			(struct code_range){ AT * (i + 1), (const uint8_t *)"\xc3\xc3\xc3\xc3", 4 };
	assert_string_equal(exits__find(many, ARRAY_SIZE(many), &e), "it has too many parts");
}

#if defined(__x86_64__)

#define NOP "\x90"
#define RET "\xc3"

static void test_returns(void **state)
{
	struct exits e;

	/* ret, ret 8, rep ret */
	assert_null(find(BYTES(NOP RET "\xc2\x08\x00\xf3\xc3"), &e));
	assert_int_equal(e.n, 3);
	site(&e, 0, 1, 0);
	site(&e, 1, 2, 0);
	site(&e, 2, 5, 0);
	assert_int_equal(e.tails, 0);
	exits__free(&e);
}

/* The byte within another instruction is no return. */
static void test_not_inside(void **state)
{
	struct exits e;

	/* mov $0xc3c3c3c3, %eax; ret */
	assert_null(find(BYTES("\xb8\xc3\xc3\xc3\xc3" RET), &e));
	assert_int_equal(e.n, 1);
	site(&e, 0, 5, 0);
	exits__free(&e);
}

static void test_jumps(void **state)
{
	struct exits e;

	/* nop; jmp +1 (inside); ret; jmp far away */
	assert_null(find(BYTES(NOP "\xeb\x01" RET "\xe9\x00\x10\x00\x00"), &e));
	assert_int_equal(e.n, 2);
	site(&e, 0, 3, 0);
	site(&e, 1, 4, RP_EXIT_JUMP);
	assert_int_equal(e.tails, 1);
	exits__free(&e);

	/* nop; je inside; jne far away; ret */
	assert_null(find(BYTES(NOP "\x74\x06\x0f\x85\x00\x10\x00\x00" RET), &e));
	assert_int_equal(e.n, 2);
	site(&e, 0, 3, RP_EXIT_CONDITION);
	assert_int_equal(e.v[0].how.condition, 5);
	exits__free(&e);

	/* jrcxz tests no flag. */
	refused(BYTES(NOP "\xe3\x40" RET), "conditional tail jump");
}

static void test_indirect(void **state)
{
	struct exits e;

	/* nop; jmp *%r11; jmp *0x10(%rip); jmp *0x1000(,%rcx,8) */
	assert_null(find(BYTES(NOP "\x41\xff\xe3\xff\x25\x10\x00\x00\x00"
				   "\xff\x24\xcd\x00\x10\x00\x00"),
			 &e));
	assert_int_equal(e.n, 3);
	site(&e, 0, 1, RP_EXIT_REGISTER);
	assert_int_equal(e.v[0].how.base, 11);
	assert_int_equal(e.v[0].how.nranges, 1);
	assert_int_equal(e.v[0].how.range[0].begin, -1);
	assert_int_equal(e.v[0].how.range[0].end, 16);
	site(&e, 1, 4, RP_EXIT_MEMORY);
	assert_int_equal(e.v[1].how.base, RP_REG_IP);
	assert_int_equal(e.v[1].how.disp, 0x16); /* relative to the jump, not to its end */
	site(&e, 2, 10, RP_EXIT_MEMORY);
	assert_int_equal(e.v[2].how.base, RP_REG_NONE);
	assert_int_equal(e.v[2].how.index, 1);
	assert_int_equal(e.v[2].how.shift, 3);
	assert_int_equal(e.v[2].how.disp, 0x1000);
	exits__free(&e);

	refused(BYTES(NOP "\x64\xff\x20" RET), "evaluated"); /* jmp *%fs:(%rax) */
}

/*
 * A jump table of a switch: as compilers mark it, or while the function has something on the stack.
 */
static void test_switch(void **state)
{
	struct exits e;

	assert_null(find(BYTES(NOP "\x3e\xff\xe0" RET), &e)); /* notrack jmp *%rax */
	assert_int_equal(e.n, 1);
	exits__free(&e);
	/* push %rbx; jmp *%rax; pop %rbx; ret */
	assert_null(find(BYTES("\x53\xff\xe0\x5b" RET), &e));
	assert_int_equal(e.n, 1);
	exits__free(&e);
	/* sub $8, %rsp; add $8, %rsp; jmp *%rax: a tail call */
	assert_null(find(BYTES("\x48\x83\xec\x08\x48\x83\xc4\x08\xff\xe0"), &e));
	assert_int_equal(e.n, 1);
	exits__free(&e);
	/* push %rbx; je +3; pop %rbx; jmp *%rax; jmp *%rax: only the first can be an exit */
	assert_null(find(BYTES("\x53\x74\x03\x5b\xff\xe0\xff\xe0"), &e));
	assert_int_equal(e.n, 1);
	site(&e, 0, 4, RP_EXIT_REGISTER);
	exits__free(&e);
}

static void test_cold(void **state)
{
	/* push %rbx; je cold; pop %rbx; ret */
	static const uint8_t hot[] = { 0x53, 0x0f, 0x84, 0xf9, 0x0f, 0, 0, 0x5b, 0xc3 };
	/* pop %rbx; ret */
	static const uint8_t cold[] = { 0x5b, 0xc3 };
	const struct code_range r[] = { { AT, hot, sizeof(hot) }, { AT + 0x1000, cold, 2 } };
	struct exits e;

	assert_null(exits__find(r, 2, &e));
	assert_int_equal(e.n, 2);
	site(&e, 0, 8, 0);
	site(&e, 1, 0x1001, 0);
	exits__free(&e);
	/* Nothing marks that part, but with %rbx on the stack it is no tail call. */
	refused(hot, sizeof(hot), "has no symbol");
}

static void test_first(void **state)
{
	struct exits e;

	assert_null(find(BYTES(RET), &e));
	site(&e, 0, 0, RP_EXIT_RETURN_AT_ONCE);
	exits__free(&e);
	assert_null(find(BYTES("\xe9\x00\x10\x00\x00"), &e));
	site(&e, 0, 0, RP_EXIT_AT_ONCE);
	exits__free(&e);
	assert_null(find(BYTES("\xff\x25\x00\x10\x00\x00"), &e));
	site(&e, 0, 0, RP_EXIT_AT_ONCE);
	exits__free(&e);
	refused(BYTES("\x0f\x84\x00\x10\x00\x00" RET), "first instruction");
	refused(BYTES("\xeb\xfe"), "first instruction"); /* for (;;); */
}

/* A jump to the function's start is the same call. */
static void test_again(void **state)
{
	struct exits e;

	/* nop; jne -3; jmp -5 */
	assert_null(find(BYTES(NOP "\x75\xfd\xeb\xfb"), &e));
	assert_int_equal(e.n, 2);
	site(&e, 0, 1, RP_EXIT_CONDITION);
	assert_true(e.v[0].how.again);
	site(&e, 1, 3, RP_EXIT_AGAIN);
	assert_int_equal(e.tails, 0);
	exits__free(&e);
}

static void test_no_code(void **state)
{
	refused(BYTES(NOP "\x06" RET), "instructions");	    /* none in 64-bit mode */
	refused(BYTES(NOP RET "\xe9\x00"), "instructions"); /* cut off */
	refused(BYTES(NOP "\xec" RET), "instructions");	    /* in (%dx), %al */
	refused(BYTES(NOP "\x0f\x30" RET), "instructions"); /* wrmsr */
	refused(BYTES(NOP "\xcb"), "far jump");		    /* far return */
	refused(BYTES(NOP "\xeb\x01\xb8\x90\x90\x90\x90" RET), "middle");
}

/* cmpl; je +1; lock cmpxchg: jumps behind the prefix in single-threaded programs. */
static void test_over_lock(void **state)
{
	struct exits e;

	assert_null(find(BYTES(NOP "\x74\x01\xf0\x0f\xb1\x0f" RET), &e));
	assert_int_equal(e.n, 1);
	exits__free(&e);
}

static void test_too_many(void **state)
{
	__cleanup_free uint8_t *code = xcalloc(EXITS_MAX_SITES + 2, 1);
	struct exits e;

	memset(code, 0xc3, EXITS_MAX_SITES + 2);
	code[0] = 0x90;
	assert_null(find(code, EXITS_MAX_SITES + 1, &e));
	exits__free(&e);
	refused(code, EXITS_MAX_SITES + 2, "too many");
}

#elif defined(__aarch64__)

static void test_words(void **state)
{
	static const uint32_t code[] = {
		0xd503201f, /* nop */
		0x54000040, /* b.eq +8, inside */
		0xd65f03c0, /* ret */
		0xd61f0200, /* br x16 */
		0x14000400, /* b far away */
		0xd65f0bff, /* retaa */
	};
	static const uint32_t branch[] = { 0xd503201f, 0xb4010000 };
	struct exits e;

	assert_null(find(code, sizeof(code), &e));
	assert_int_equal(e.n, 4);
	site(&e, 0, 8, 0);
	site(&e, 1, 12, RP_EXIT_REGISTER);
	assert_int_equal(e.v[1].how.base, 16);
	site(&e, 2, 16, RP_EXIT_JUMP);
	site(&e, 3, 20, 0);
	exits__free(&e);
	refused(branch, sizeof(branch), "conditional"); /* cbz x0, far away */
	refused("\0\0\0\0", 4, "instructions");
	refused(code, 6, "instructions");
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
#if defined(__x86_64__)
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_not_inside),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_cold),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_no_code),
		cmocka_unit_test(test_over_lock),
		cmocka_unit_test(test_too_many),
#elif defined(__aarch64__)
		cmocka_unit_test(test_words),
#endif
	};

	if (EXITS_UNAVAILABLE)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
