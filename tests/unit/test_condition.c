/* SPDX-License-Identifier: GPL-2.0-only */
/* What joins comparisons in filters: "&&", "||", "!", "not" and "in". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>

#include "bpf/outcome.h"
#include "expr/condition.h"
#include "expr_fixture.h"
#include "temp_dir.h"

static struct expr_fixture f;
/* int take(struct in6_addr *v6, struct in_addr *v4) */
static struct expr_scope addresses;

static void make_addresses(void)
{
	struct btf *btf = f.btf;
	int bytes = btf__add_array(btf, f.u32, f.u8, 16), v6 = btf__add_struct(btf, "in6_addr", 16),
	    v4;

	btf__add_field(btf, "bytes", bytes, 0, 0);
	v4 = btf__add_struct(btf, "in_addr", 4);
	btf__add_field(btf, "s_addr", f.u32, 0, 0);
	v6 = btf__add_ptr(btf, v6);
	v4 = btf__add_ptr(btf, v4);
	addresses.btf = btf;
	addresses.proto = btf__add_func_proto(btf, f.s32);
	btf__add_func_param(btf, "v6", v6);
	btf__add_func_param(btf, "v4", v4);
	addresses.signature = "int take(struct in6_addr *v6, struct in_addr *v4)";
}

static int setup(void **state)
{
	expr_fixture__make(&f);
	f.scope.result = (struct result){ .kind = RP_KIND_RAW, .size = 8 };
	make_addresses();
	return 0;
}

static int teardown(void **state)
{
	expr_fixture__free(&f);
	return 0;
}

static void compile(const struct expr_scope *scope, const char *text, struct condition *c)
{
	char *why = NULL;

	if (condition__compile(scope, text, NULL, c, &why))
		fail_msg("%s: %s", text, why);
}

/* groups: the number of filters in each. last: the text of the last filter; or NULL. */
static void check_groups(const char *text, const char *groups, const char *last)
{
	struct alternatives a = {};
	char found[64] = "";
	struct condition c;

	compile(&f.scope, text, &c);
	for (size_t i = 0; i < c.ngroups; i++) {
		condition__group(&c, i, &a);
		sprintf(found + strlen(found), "%s%zu", i ? " " : "", a.n);
	}
	if (strcmp(found, groups))
		fail_msg("%s: groups of %s", text, found);
	if (last)
		assert_string_equal(a.v[a.n - 1].entry.text, last);
}

static void taken(void **state)
{
	check_groups("comm == nginx", "1", "nginx");
	check_groups("comm in [nginx, envoy]", "2", "envoy");
	check_groups("comm in[nginx,'a, b']", "2", "a, b");
	check_groups("comm in [\"a]\", 'b' ]", "2", "b");
	check_groups("comm == 'a || b'", "1", "a || b");
	check_groups("comm == 'a && b'", "1", "a && b");
	check_groups("comm == it's || comm == b", "2", "b");
	check_groups("comm == (sd-pam)", "1", "(sd-pam)");
	check_groups("comm == '('", "1", "(");
	check_groups("uid == 0 || comm in [py*, sh]", "3", "sh");
	check_groups("file->f_grid[1][0] in [1, 2, 0x3]", "3", NULL);
	check_groups("errno(flags) == ENOENT", "2", NULL);
	check_groups("errno(flags) != ENOENT", "1 1", NULL);
	check_groups("flags in [SIGKILL, SIGTERM]", "2", NULL);
	check_groups("flags & 3 in [1, 2]", "2", NULL);
	check_groups("duration > 1ms || outcome == error", "2", NULL);
	check_groups("outcome in [error, null]", "2", NULL);
	check_groups("comm == a && uid == 0", "1 1", NULL);
	check_groups("comm == a && duration > 1ms", "1 1", NULL);
	check_groups("comm == a && uid == 0 || comm == b", "2 2", "b");
	check_groups("comm == a && (uid == 0 || pid == 1)", "1 2", NULL);
	check_groups("comm not in [a, b]", "1 1", "b");
	check_groups("!(comm == a)", "1", "a");
	check_groups("not (comm in [a, b])", "1 1", "b");
	check_groups("!(comm == a && uid == 0)", "2", NULL);
	check_groups("!(comm not in [a, b])", "2", "b");
	check_groups("!( ! (comm == a) )", "1", "a");
	check_groups("((flags & 3) >> 1 == 1)", "1", NULL);
	check_groups("(flags & 3)", "1", NULL);
	/* The same comparison twice is one, and a group that must pass anyway frees larger ones. */
	check_groups("comm == a || comm == a", "1", "a");
	check_groups("duration > 1ms && comm == a || duration > 1ms && comm == b", "1 2", "b");
}

static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "comm == a ||", "nothing on one side of the ||" },
		{ "|| comm == a", "nothing on one side of the ||" },
		{ "comm == a &&", "nothing on one side of the &&" },
		{ "&& comm == a", "nothing on one side of the &&" },
		{ "comm == a || b", "\"b\" compares nothing" },
		{ "flags && 1", "\"flags\" compares nothing" },
		{ "", "\"\" compares nothing" },
		{ "()", "\"\" compares nothing" },
		{ "comm in [a", "\"[a\" is no list" },
		{ "comm in [a] x", "is no list" },
		{ "comm in []", "has an empty place" },
		{ "comm in [a,,b]", "has an empty place" },
		{ "comm in a", "\"a\" is no list" },
		{ "flags in [1, x]", "\"x\" is not a value of flags" },
		{ "!comm == a", "in parentheses, as in !(comm == sh)" },
		{ "!(comm == a) == b", "in parentheses, as in !(comm == sh)" },
		{ "not (comm == a", "in parentheses" },
		{ "(comm == a", "a parenthesis is not closed" },
		{ "comm == a && (uid == 0", "a parenthesis is not closed" },
		{ "((((((((((((((((((uid == 0))))))))))))))))))", "too many parentheses" },
		{ "!(ret & 4)", "\"ret & 4\": bits of the result" },
		{ "comm == a || duration > 1ms", "cannot be alternatives" },
		{ "!(comm == a && duration > 1ms)", "cannot be alternatives" },
		{ "duration > 1ms && comm == a || uid == 0", "cannot be alternatives" },
		{ "flags in "
		  "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,"
		  "29,30,31,32,33]",
		  "more than 4 comparisons that must all match and 16 alternatives" },
		{ "flags in [1,2,3,4,5,6] && uid in [1,2,3,4,5,6] || pid in [1,2,3,4,5,6] && tid "
		  "in "
		  "[1,2,3,4,5,6] || cpu in [1,2,3,4,5,6,7,8,9]",
		  "more than 4 comparisons" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct condition c;
		char *why = NULL;

		if (!condition__compile(&f.scope, rows[i].text, NULL, &c, &why))
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(why, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, why, rows[i].says);
		free(why);
	}
}

/* ---- what passes ----------------------------------------------------------------------------- */

/* As bpf/filters.bpf.h, with numbers in arguments. */
static bool number_passes(const struct rp_filter *fl, const int64_t *args)
{
	uint64_t v = args[fl->field.source];

	if (fl->field.number >= RP_CHANGED_UNSIGNED)
		v &= fl->field.mask;
	return rp_compare_numbers(fl->compare, fl->field.number == RP_SIGNED, v, fl->literal);
}

static bool passes(const char *text, const int64_t *args)
{
	static const char *const params[] = { "a", "b", "c" };
	static const struct expr_scope scope = { .params = params, .nparams = 3 };
	struct condition c;
	bool all = true;

	compile(&scope, text, &c);
	for (size_t i = 0; i < c.ngroups; i++) {
		struct alternatives group;
		bool any = false;

		condition__group(&c, i, &group);
		for (size_t k = 0; k < group.n; k++)
			any |= number_passes(&group.v[k].entry, args);
		all &= any;
	}
	return all;
}

/* All values of three numbers, beside what C says. */
#define CHECK_AS_IN_C(text, expression)                                                     \
	for (int64_t a = 0; a < 4; a++)                                                     \
		for (int64_t b = 0; b < 4; b++)                                             \
			for (int64_t c = 0; c < 4; c++)                                     \
				if (passes(text, (int64_t[]){ a, b, c }) != !!(expression)) \
	fail_msg("%s with %d, %d, %d", text, (int)a, (int)b, (int)c)

static void as_in_c(void **state)
{
	CHECK_AS_IN_C("a == 1 && b == 2", a == 1 && b == 2);
	CHECK_AS_IN_C("a == 1 && b == 2 || c == 3", (a == 1 && b == 2) || c == 3);
	CHECK_AS_IN_C("a == 1 || b == 2 && c == 3", a == 1 || (b == 2 && c == 3));
	CHECK_AS_IN_C("(a == 1 || b == 2) && c == 3", (a == 1 || b == 2) && c == 3);
	CHECK_AS_IN_C("!(a == 1 || b < 2) && c >= 3", !(a == 1 || b < 2) && c >= 3);
	CHECK_AS_IN_C("!(a <= 1 && b > 2)", !(a <= 1 && b > 2));
	CHECK_AS_IN_C("!(a != 1 && !(b & 1))", !(a != 1 && !(b & 1)));
	CHECK_AS_IN_C("!(a & 2)", !(a & 2));
	CHECK_AS_IN_C("not (a & 3 == 2)", !((a & 3) == 2));
	CHECK_AS_IN_C("a not in [1, 3] && b in [0, 2]", a != 1 && a != 3 && (b == 0 || b == 2));
	CHECK_AS_IN_C("!(a in [1, 3] || b not in [0, 2])",
		      !(a == 1 || a == 3 || (b != 0 && b != 2)));
	CHECK_AS_IN_C("a == 1 && b == 1 || b == 2 && c == 2 || a == 3 && c == 0",
		      (a == 1 && b == 1) || (b == 2 && c == 2) || (a == 3 && c == 0));
	CHECK_AS_IN_C("errno(a) != 2", a != 2);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static bool word_passes(const struct rp_filter *fl, const uint8_t *bytes, size_t at)
{
	uint64_t v = 0;
	uint32_t word;

	memcpy(&word, bytes + at, sizeof(word));
	if (fl->field.size == 4)
		v = word;
	else
		memcpy(&v, bytes + at, sizeof(v));
	if (fl->field.number >= RP_CHANGED_UNSIGNED)
		v &= fl->field.mask;
	return rp_compare_numbers(fl->compare, 0, v, fl->literal);
}

static bool address_passes(const char *text, const char *address)
{
	uint8_t bytes[16] = {};
	struct condition c;
	bool all = true;

	assert_int_equal(inet_pton(strchr(address, ':') ? AF_INET6 : AF_INET, address, bytes), 1);
	compile(&addresses, text, &c);
	for (size_t i = 0; i < c.ngroups; i++) {
		struct alternatives group;
		bool any = false;

		condition__group(&c, i, &group);
		for (size_t k = 0; k < group.n; k++) {
			const struct rp_filter *fl = &group.v[k].entry;

			any |= word_passes(fl, bytes, fl->field.offset[fl->field.nsteps]);
		}
		all &= any;
	}
	return all;
}

static void check_address(const char *condition, const char *matches, const char *other)
{
	static const struct {
		const char *form;
		bool negated;
	} forms[] = { { "ip(%s)", false }, { "!(ip(%s))", true } };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *parameter = strchr(matches, ':') ? "v6" : "v4";
		const char *rest = strchr(condition, ' ');
		__cleanup_free char *inner = xasprintf("ip(%s)%s", parameter, rest);
		__cleanup_free char *text =
			forms[i].negated ? xasprintf("!(%s)", inner) : xstrdup(inner);

		if (address_passes(text, matches) == forms[i].negated)
			fail_msg("%s: %s", text, matches);
		if (address_passes(text, other) != forms[i].negated)
			fail_msg("%s: %s", text, other);
	}
}

static void addresses_taken(void **state)
{
	check_address("ip == 10.0.0.1", "10.0.0.1", "10.0.0.2");
	check_address("ip != 10.0.0.1", "10.0.0.2", "10.0.0.1");
	check_address("ip in 10.0.0.0/8", "10.255.0.1", "11.0.0.1");
	check_address("ip not in 10.0.0.0/8", "11.0.0.1", "10.255.0.1");
	check_address("ip in 10.64.0.0/10", "10.127.1.2", "10.128.0.0");
	check_address("ip in [10.0.0.0/8, 192.168.0.7]", "192.168.0.7", "192.168.0.8");
	check_address("ip == ::1", "::1", "::2");
	check_address("ip == ::1", "::1", "1::1");
	check_address("ip != ::1", "1::1", "::1");
	check_address("ip in fd00::/8", "fdff::1", "fc00::1");
	check_address("ip in [fd00::/8, ::1]", "::1", "::2");
	check_address("ip in 2001:db8:1:2:8000::/65", "2001:db8:1:2:ffff::", "2001:db8:1:2:7fff::");
	check_address("ip in 2001:db8:1:2:8000::/65", "2001:db8:1:2:8000::1",
		      "2001:db8:1:3:8000::1");
	/* As they are shown: an IPv4 address in IPv6 is one. */
	check_address("ip == 10.0.0.1", "::ffff:10.0.0.1", "::10.0.0.1");
	check_address("ip in 10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3");
	check_address("ip == ::ffff:10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2");
}

static void addresses_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "ip(v4) == ::1", "\"::1\" is no address; write one as in 10.0.0.1" },
		{ "ip(v4) == 10.0.0.256", "is no address" },
		{ "ip(v6) == localhost", "\"localhost\" is no address; write one as in fd00::1" },
		{ "ip(v4) == 167772161", "is no address" },
		{ "ip(v4) < 10.0.0.1", "compare an address with ==, != or in" },
		{ "ip(v4) == 10.0.0.0/8", "is a range of addresses; write in 10.0.0.0/8" },
		{ "ip(v4) in 10.0.0.1/8", "has an address with more than 8 bits" },
		{ "ip(v4) in 10.0.0.0/33", "write 1 to 32 after the slash" },
		{ "ip(v4) in 0.0.0.0/0", "write 1 to 32 after the slash" },
		{ "ip(v6) in fd00::/129", "write 1 to 128 after the slash" },
		{ "ip(v6) in 10.0.0.0/64", "write 1 to 32 after the slash" },
		{ "ip(v6) in fd00::/", "write 1 to 128 after the slash" },
		{ "ip(v4) in /8", "is no address" },
		{ "ip(v4) in 10.0.0.1", "is no list" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct condition c;
		char *why = NULL;

		if (!condition__compile(&addresses, rows[i].text, NULL, &c, &why))
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(why, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, why, rows[i].says);
		free(why);
	}
}

static void cgroups(void **state)
{
	char *root = temp_dir__new();
	__cleanup_free char *a = xasprintf("%s/a", root);
	__cleanup_free char *b = xasprintf("%s/a/b", root);
	const struct rp_filter *v;
	struct condition c;
	struct stat st;
	char *why = NULL;

	assert_int_equal(mkdir(a, 0700) | mkdir(b, 0700), 0);
	assert_int_equal(stat(b, &st), 0);
	assert_int_equal(condition__compile(&f.scope, "cgroup under /a/b && !(cgroup under /a)",
					    root, &c, &why),
			 0);
	v = &c.filter[0].entry;
	assert_int_equal(v->field.source, RP_SOURCE_CGROUP_ANCESTOR);
	assert_true(v->compare == RP_EQ && v->field.offset[0] == 2 && v->literal == st.st_ino);
	v = &c.filter[1].entry;
	assert_true(v->compare == RP_NE && v->field.offset[0] == 1);
	assert_int_equal(condition__compile(&f.scope, "cgroup under /a/c", root, &c, &why),
			 -EINVAL);
	assert_non_null(strstr(why, "there is no cgroup /a/c"));
	free(why);
	rmdir(b);
	rmdir(a);
	temp_dir__remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
		cmocka_unit_test(as_in_c),
		cmocka_unit_test(addresses_taken),
		cmocka_unit_test(addresses_refused),
		cmocka_unit_test(cgroups),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
