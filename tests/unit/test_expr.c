/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expressions and filters over a made-up function:
 *	int f(struct outer *p, int n, u8 small, enum color c, char *s, struct pair by_value,
 *	      int *last)
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <errno.h>

#include "expr/expr.h"
#include "expr/condition.h"

static struct btf *btf;
static struct expr_scope scope;

/*
 * Offsets in bytes:
 *	struct outer { struct inner *in @0; union { int a; u8 b; } @8;
 *		       u32 low:3, mid:5, high:20 @12; bool yes @16; enum color color @20;
 *		       char name[16] @24; struct inner nested @40; long numbers[4] @56;
 *		       char __user *path @88; void (*fn)(void) @96; }
 *	struct inner { char *text @0; struct outer *back @8; }
 */
static int make_outer(int s32, int u32, int u8, int s64, int boolean, int character, int color)
{
	int text = btf__add_ptr(btf, character), inner = btf__add_struct(btf, "inner", 16);
	int outer, both, fn, user;

	btf__add_field(btf, "text", text, 0, 0);
	btf__add_field(btf, "back", inner + 1, 64, 0);
	btf__add_ptr(btf, inner + 2);
	assert_int_equal(btf__type_cnt(btf), inner + 2);
	outer = btf__add_struct(btf, "outer", 104);
	both = outer + 1;
	btf__add_field(btf, "in", outer + 2, 0, 0);
	btf__add_field(btf, "", both, 64, 0);
	btf__add_field(btf, "low", u32, 96, 3);
	btf__add_field(btf, "mid", u32, 99, 5);
	btf__add_field(btf, "high", u32, 104, 20);
	btf__add_field(btf, "yes", boolean, 128, 0);
	btf__add_field(btf, "color", color, 160, 0);
	btf__add_field(btf, "name", outer + 3, 192, 0);
	btf__add_field(btf, "nested", inner, 320, 0);
	btf__add_field(btf, "numbers", outer + 4, 448, 0);
	btf__add_field(btf, "path", outer + 6, 704, 0);
	btf__add_field(btf, "fn", outer + 8, 768, 0);
	btf__add_union(btf, "", 4);
	btf__add_field(btf, "a", s32, 0, 0);
	btf__add_field(btf, "b", u8, 0, 0);
	btf__add_ptr(btf, inner);
	btf__add_array(btf, s32, character, 16);
	btf__add_array(btf, s32, s64, 4);
	user = btf__add_type_tag(btf, "user", character);
	btf__add_ptr(btf, user);
	fn = btf__add_func_proto(btf, 0);
	btf__add_ptr(btf, fn);
	assert_int_equal(btf__type_cnt(btf), outer + 9);
	return outer;
}

static int set_up(void **state)
{
	int s32, u32, u8, s64, boolean, character, color, outer, pair, text, proto;

	btf = btf__new_empty();
	s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	u32 = btf__add_int(btf, "unsigned int", 4, 0);
	u8 = btf__add_typedef(btf, "u8", btf__add_int(btf, "unsigned char", 1, 0));
	s64 = btf__add_int(btf, "long int", 8, BTF_INT_SIGNED);
	boolean = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	color = btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "GREEN", 2);
	btf__add_enum_value(btf, "RED", 7);
	outer = make_outer(s32, u32, u8, s64, boolean, character, color);
	pair = btf__add_struct(btf, "pair", 16);
	btf__add_field(btf, "one", s64, 0, 0);
	btf__add_field(btf, "two", s64, 64, 0);
	outer = btf__add_ptr(btf, btf__add_const(btf, outer));
	text = btf__add_ptr(btf, character);
	proto = btf__add_func_proto(btf, s32);
	btf__add_func_param(btf, "p", outer);
	btf__add_func_param(btf, "n", s32);
	btf__add_func_param(btf, "small", u8);
	btf__add_func_param(btf, "c", color);
	btf__add_func_param(btf, "s", text);
	btf__add_func_param(btf, "by_value", pair);
	btf__add_func_param(btf, "last", s32);
	scope = (struct expr_scope){ .btf = btf, .proto = proto, .signature = "int f(...)" };
	return proto > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	btf__free(btf);
	return 0;
}

/* ---- valid expressions ---------------------------------------------------------------------- */

static const struct good {
	const char *text;
	enum expr_format format;
	struct rp_field field;
} good[] = {
	{ "n", EXPR_SIGNED, { .source = 1, .left = 32, .right = 32, .number = RP_SIGNED } },
	{ "small", EXPR_UNSIGNED, { .source = 2, .left = 56, .right = 56 } },
	{ "c", EXPR_ENUM, { .source = 3, .left = 32, .right = 32 } },
	{ "p", EXPR_POINTER, { .source = 0 } },
	{ "s", EXPR_TEXT, { .source = 4, .text = 1 } },
	{ "str(s)", EXPR_TEXT, { .source = 4, .text = 1 } },
	{ "s[3]",
	  EXPR_SIGNED,
	  { .source = 4,
	    .size = 1,
	    .left = 56,
	    .right = 56,
	    .number = RP_SIGNED,
	    .offset = { 3 } } },
	{ "str(arg4)", EXPR_TEXT, { .source = 4, .text = 1 } },
	{ "arg5", EXPR_SIGNED, { .source = 5, .number = RP_SIGNED } },
	{ "p->a",
	  EXPR_SIGNED,
	  { .size = 4, .left = 32, .right = 32, .number = RP_SIGNED, .offset = { 8 } } },
	{ "p->b", EXPR_UNSIGNED, { .size = 1, .left = 56, .right = 56, .offset = { 8 } } },
	{ " p -> a ",
	  EXPR_SIGNED,
	  { .size = 4, .left = 32, .right = 32, .number = RP_SIGNED, .offset = { 8 } } },
	{ "p->low", EXPR_UNSIGNED, { .size = 1, .left = 61, .right = 61, .offset = { 12 } } },
	{ "p->mid", EXPR_UNSIGNED, { .size = 1, .left = 56, .right = 59, .offset = { 12 } } },
	{ "p->high", EXPR_UNSIGNED, { .size = 4, .left = 36, .right = 44, .offset = { 12 } } },
	{ "p->yes", EXPR_BOOL, { .size = 1, .left = 56, .right = 56, .offset = { 16 } } },
	{ "p->color", EXPR_ENUM, { .size = 4, .left = 32, .right = 32, .offset = { 20 } } },
	{ "p->name", EXPR_TEXT, { .text = 1, .offset = { 24 } } },
	{ "p->name[1]",
	  EXPR_SIGNED,
	  { .size = 1, .left = 56, .right = 56, .number = RP_SIGNED, .offset = { 25 } } },
	{ "p->nested.text", EXPR_TEXT, { .nsteps = 1, .text = 1, .offset = { 40, 0 } } },
	{ "p->in->text", EXPR_TEXT, { .nsteps = 2, .text = 1, .offset = { 0, 0, 0 } } },
	{ "p->numbers[3]", EXPR_SIGNED, { .size = 8, .number = RP_SIGNED, .offset = { 80 } } },
	{ "p[1].a",
	  EXPR_SIGNED,
	  { .size = 4, .left = 32, .right = 32, .number = RP_SIGNED, .offset = { 112 } } },
	/* The struct before it does not fit, and leaves it the last register. */
	{ "last", EXPR_SIGNED, { .source = 5, .left = 32, .right = 32, .number = RP_SIGNED } },
	{ "p->fn", EXPR_POINTER, { .size = 8, .offset = { 96 } } },
	{ "p->in->back", EXPR_POINTER, { .nsteps = 1, .size = 8, .offset = { 0, 8 } } },
	{ "pid", EXPR_UNSIGNED, { .source = RP_SOURCE_PID } },
	{ "cgroup", EXPR_CGROUP, { .source = RP_SOURCE_CGROUP } },
	{ "comm", EXPR_COMM, { .source = RP_SOURCE_COMM, .text = 1 } },
};

static void good_expressions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct expr e;
		char *why = NULL;

		if (expr__compile(&scope, good[i].text, &e, &why))
			fail_msg("%s: %s", good[i].text, why);
		if (memcmp(&e.field, &good[i].field, sizeof(e.field)) || e.format != good[i].format)
			fail_msg("%s: source %d nsteps %d size %d left %d right %d sign %d user %d "
				 "text %d offsets %d %d, format %d",
				 good[i].text, e.field.source, e.field.nsteps, e.field.size,
				 e.field.left, e.field.right, e.field.number, e.field.user,
				 e.field.text, e.field.offset[0], e.field.offset[1], e.format);
		expr__free(&e);
	}
}

/* ---- invalid expressions -------------------------------------------------------------------- */

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "the expression is empty" },
	{ "3", "\"3\" does not start with a name" },
	{ "q", "no parameter \"q\"" },
	{ "smal", "did you mean small?" },
	{ "q", "The function is int f(...)" },
	{ "arg6", "only arg0 to arg5 can be read" },
	{ "by_value.one", "passed on the stack" },
	{ "p.a", "\"p\" is a pointer (const struct outer *): use \"->\"" },
	{ "p->nested->text", "use \".\" after it" },
	{ "p->colour", "did you mean color?" },
	{ "p->x", "struct outer has no member \"x\"" },
	{ "p->nested", "add \".\" and one of its members: char *text" },
	{ "n->x", "is of type int: it has no members" },
	{ "n[0]", "is neither an array nor a pointer" },
	{ "p->numbers[4]", "its last element is [3]" },
	{ "p->numbers", "is an array (long[4])" },
	{ "p->numbers[x]", "write a whole number" },
	{ "p->numbers[1", "has an invalid index" },
	{ "p->", "ends without a member's name" },
	{ "p->a b", "\"b\" after \"p->a\"" },
	{ "str(p->a)", "not text but of type int" },
	{ "str(s", "lacks the closing \")\"" },
	{ "p->path", "from kernel memory to user memory" },
	{ "p->in->back->in->back->in->back->in->back->in->back->in", "more than 8 pointers" },
	{ "arg0->x", "has no type, so" },
	{ "p[99999999]", "too far from its pointer" },
	{ "ntohz(n)", "unknown function \"ntohz\"; did you mean ntohl or ntohs?" },
	{ "frob(n)", "unknown function \"frob\"; there are str, ntohs," },
	{ "ntohs(n)", "ntohs(n): the number has 4 bytes: write ntohl()" },
	{ "ntohl(small)", "ntohl(small): the number has 1 byte, not 4" },
	{ "ntohs(ntohs(arg1))", "has swapped the bytes already" },
	{ "signal(s)", "signal(s): takes a number, and this is text" },
	{ "errno(signal(n))", "takes a number, and this is a name or an address already" },
	{ "ip(small)", "takes an IPv4 address of 4 bytes or an IPv6 address of 16" },
	{ "hex(n", "lacks the closing \")\"" },
	{ "hex(n)->x", "is a number and has no members" },
	{ "hex(n)[0]", "is neither an array nor a pointer" },
	{ "str(hex(n))", "it is a number, not text" },
	{ "s & 3", "\"s\" is text: only a number can be before \"&\"" },
	{ "p->yes & 1", "\"p->yes\" is a bool: only a number can be before" },
	{ "signal(n) >> 1", "is a name or an address: only a number" },
	{ "n & x", "needs a number after \"&\"" },
	{ "n >>", "needs a number after \">>\"" },
	{ "n & 3x", "needs a number after \"&\"" },
	{ "n << 64", "shifts by 64 bits: write 1 to 63" },
	{ "n >> 0", "shifts by 0 bits" },
	{ "small >> 8", "is always 0" },
	{ "small & 3 & 4", "is always 0" },
	{ "n & 4 >> 2", "needs parentheses before \">>\", as in (x & 4) >> 2" },
	{ "(n & 4", "lacks the closing \")\"" },
	{ "(struct outer *)n", "write a cast as in cast(arg0, struct file)" },
};

static void bad_expressions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct expr e;
		char *why = NULL;

		if (!expr__compile(&scope, bad[i].text, &e, &why))
			fail_msg("%s is taken", bad[i].text);
		assert_non_null(why);
		if (!strstr(why, bad[i].says) || strchr(why, '\n'))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, why, bad[i].says);
		free(why);
	}
}

/* Pieces of the grammar in random order: accepted, or refused with a reason. */
static void garbage(void **state)
{
	static const char *const pieces[] = {
		"p", "->",   ".",      "[",   "]",	"(",  ")",    "str",  "in",   "back", "n",
		"0", " ",    "-1",     "s",   "a",	"==", "\xff", "&",    ">>",   "3",    "||",
		",", "hex(", "ntohs(", "ip(", "errno(", "&&", "!(",   "not ", " in ", "::1"
	};
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char text[128] = "", *why = NULL;
		struct condition all;
		struct expr e;

		for (int i = 0; i < 8; i++) {
			seed = seed * 1103515245 + 12345;
			strcat(text, pieces[(seed >> 16) % ARRAY_SIZE(pieces)]);
		}
		if (!expr__compile(&scope, text, &e, &why))
			expr__free(&e);
		else
			assert_non_null(why);
		free(take_ptr(why));
		if (condition__compile(&scope, text, NULL, &all, &why))
			assert_non_null(why);
		free(why);
	}
}

/* ---- filters ------------------------------------------------------------------------------------
 */

/* A comparison that needs one filter. */
static int compile_one(const struct expr_scope *of, const char *text, const char *root,
		       struct filter *out, char **why)
{
	struct filters all;
	int err = filter__compile(of, text, false, root, &all, why);

	if (!err)
		assert_int_equal(all.n, 1);
	*out = all.v[0];
	return err;
}

static void check_number(const char *text, enum rp_compare compare, uint64_t literal)
{
	struct filter f;
	char *why = NULL;

	if (compile_one(&scope, text, NULL, &f, &why))
		fail_msg("%s: %s", text, why);
	assert_int_equal(f.type, FILTER_ENTRY);
	assert_true(f.entry.compare == compare && f.entry.literal == literal);
}

static void check_duration(const char *text, uint64_t min, uint64_t max)
{
	struct filter f;
	char *why = NULL;

	if (compile_one(&scope, text, NULL, &f, &why))
		fail_msg("%s: %s", text, why);
	assert_int_equal(f.type, FILTER_DURATION);
	assert_true(f.min_ns == min && f.max_ns == max);
}

static void check_text(const char *text, const char *literal)
{
	struct filter f;
	char *why = NULL;

	assert_int_equal(compile_one(&scope, text, NULL, &f, &why), 0);
	assert_string_equal(f.entry.text, literal);
}

static void good_filters(void **state)
{
	struct filter f;
	char *why;

	check_number("n == 5", RP_EQ, 5);
	check_number("n<-5", RP_LT, (uint64_t)-5);
	check_number("p->a >= 0x10", RP_GE, 16);
	check_number("small & 0x80", RP_AND, 0x80);
	check_number("c != RED", RP_NE, 7);
	check_number("p->yes == true", RP_EQ, 1);
	check_number("p->in != NULL", RP_NE, 0);
	check_number("uid == 0", RP_EQ, 0);
	check_number("small & 6 == 2", RP_EQ, 2);
	check_number("(small & 6) & 2", RP_AND, 2);
	check_number("small >> 4 != 3", RP_NE, 3);
	check_number("n == ENOENT", RP_EQ, ENOENT);
	check_number("n == -ENOENT", RP_EQ, (uint64_t)-ENOENT);
	check_number("small == AF_INET6", RP_EQ, 10);
	check_number("small == SIGKILL", RP_EQ, 9);
	check_number("small == SIGRTMIN+1", RP_EQ, 35);
	check_number("small != IPPROTO_UDP", RP_NE, 17);
	check_number("family(small) == AF_UNIX", RP_EQ, 1);
	check_number("proto(small) == IPPROTO_TCP", RP_EQ, 6);
	check_number("small == TCP_SYN_SENT", RP_EQ, 2);
	check_number("softirq(small) == NET_RX", RP_EQ, 3);
	check_number("user(uid) == root", RP_EQ, 0);
	check_number("user(uid) == 12", RP_EQ, 12);
	check_number("ifname(n) == lo", RP_EQ, 1);
	check_number("blkdev(n) == 8:1", RP_EQ, 8 << 20 | 1);
	check_number("ntohs(arg1) == 443", RP_EQ, 443);
	check_number("hex(n) == 0x1f", RP_EQ, 31);
	check_duration("duration > 1ms", 1000001, UINT64_MAX);
	check_duration("duration >= 1.5us", 1500, UINT64_MAX);
	check_duration("duration < 2s", 0, 1999999999);
	check_duration("duration <= 1h", 0, 3600000000000);
	assert_int_equal(compile_one(&scope, "outcome != ok", NULL, &f, &why), 0);
	assert_int_equal(f.outcomes, RP_OUTCOME_ALL & ~RP_OUTCOME_OK);
	check_text("comm == 'py*'", "py*");
	check_text("comm == \"a && b\"", "a && b");
	check_text("p->name == \"a b\"", "a b");
	check_text("comm == nginx", "nginx");
	assert_int_equal(compile_one(&scope, "p->name != eight-by*", NULL, &f, &why), 0);
	assert_string_equal(f.entry.text, "eight-by");
	assert_true(f.entry.compare == RP_NO_PREFIX && f.entry.words == 1);
	assert_true(f.entry.mask == UINT64_MAX);
	assert_int_equal(compile_one(&scope, "p->name == nine-byte*", NULL, &f, &why), 0);
	assert_true(f.entry.compare == RP_PREFIX && f.entry.words == 2 && f.entry.mask == 0xff);
	check_text("comm == it's", "it's");
}

/* Built-in words keep their meaning if the function has a parameter of that name. */
static void word_filters(void **state)
{
	static const char *const params[] = { "pid", "comm", "cgroup", "tid", "uid", "cpu" };
	static const struct expr_scope named = { .params = params, .nparams = 6 };
	static const struct {
		const char *text;
		enum rp_source source;
	} rows[] = {
		{ "pid == 1", RP_SOURCE_PID },	     { "tid == 1", RP_SOURCE_TID },
		{ "uid == 1", RP_SOURCE_UID },	     { "cpu == 1", RP_SOURCE_CPU },
		{ "cgroup == 1", RP_SOURCE_CGROUP }, { "comm == 1", RP_SOURCE_COMM },
		{ "arg0 == 1", RP_SOURCE_ARG },	     { "arg5 == 1", RP_SOURCE_ARG + 5 },
		{ "str(pid) == 1", RP_SOURCE_ARG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct filter f;
		char *why = NULL;

		if (compile_one(&named, rows[i].text, NULL, &f, &why))
			fail_msg("%s: %s", rows[i].text, why);
		if (f.entry.field.source != rows[i].source)
			fail_msg("%s is on source %d", rows[i].text, f.entry.field.source);
	}
}

static void bad_filters(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "n", "compares nothing" },
		{ "p->a", "compares nothing" },
		{ "n ==", "has no value after ==" },
		{ "n == five", "is not a value of n" },
		{ "n == 5000000000", "it is a signed number of 32 bits" },
		{ "small == 256", "it is an unsigned number of 8 bits" },
		{ "small == -1", "an unsigned number" },
		{ "c == READ", "did you mean RED?" },
		{ "p->name < x", "compare a text with == or !=" },
		{ "comm == a-name-of-16-cha", "15 characters" },
		{ "duration > 5", "is not a duration" },
		{ "duration == 5s", "with <, <=, > or >=" },
		{ "duration < 0s", "no duration is less than 0" },
		{ "outcome == bad", "ok, error, null or restarted" },
		{ "outcome > ok", "with == or !=" },
		{ "q == 1", "no parameter \"q\"" },
		{ "comm == *py", "a pattern can only be a prefix, as in comm == py*" },
		{ "comm == p?", "quote it ('p?')" },
		{ "comm != py[23]", "a pattern can only be a prefix" },
		{ "p->name == /etc/*.d/*", "a pattern can only be a prefix" },
		{ "comm == *", "every text begins so" },
		{ "comm == sixteen-letters-*", "longer than the 15 characters" },
		{ "small < 0", "never less than 0" },
		{ "small > 255", "never more than 255" },
		{ "n > 2147483647", "never more than 2147483647" },
		{ "small & 0", "never 0" },
		{ "small & 6 == 8", "small & 6 is never 8" },
		{ "small & 6 == 1", "small & 6 is never 1" },
		{ "n == ENOEND", "did you mean ENOENT" },
		{ "small == ENODATA2", "is not a value of small" },
		{ "errno(n) > ENOENT", "compare errno() with == or !=" },
		{ "signal(n) == SIGKIL", "did you mean SIGKILL" },
		{ "syscall(n) == raed", "did you mean read" },
		{ "ip(n) == 10.0.0", "\"10.0.0\" is no address; write one as in 10.0.0.1" },
		{ "user(uid) == nobody-of-that-name", "or a name that exists here" },
		{ "pid == -1", "it is an unsigned number of 32 bits" },
		{ "cpu == 5000000000", "it is an unsigned number of 32 bits" },
		{ "ret == 1", "there is no result here" },
		{ "ret->x == 1", "use it in a filter" },
		/* Quoted text can contain anything. The message is one line. */
		{ "a\nb", "\"a?b\" compares nothing" },
		{ "a\nb ==", "has no value" },
		{ "n == a\nb", "\"a?b\" is not a value of n" },
		{ "n\n == 5000000000", "" },
		{ "duration > a\nb", "\"a?b\" is not a duration" },
		{ "comm == \"a-name\nof-16-cha\"", "15 characters" },
		{ "cgroup under /a\nb", "no cgroup /a?b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct filter f;
		char *why = NULL;

		if (!compile_one(&scope, rows[i].text, NULL, &f, &why))
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(why, rows[i].says) || strchr(why, '\n'))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, why, rows[i].says);
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_expressions), cmocka_unit_test(bad_expressions),
		cmocka_unit_test(garbage),	    cmocka_unit_test(good_filters),
		cmocka_unit_test(word_filters),	    cmocka_unit_test(bad_filters),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
