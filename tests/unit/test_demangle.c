/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "elf/demangle.h"

static const struct {
	const char *mangled, *name;
	const char *without; /* a list of parameters; NULL: the same */
} rows[] = {
	{ "_ZN2ns5klass6methodEi", "ns::klass::method(int)", "ns::klass::method" },
	{ "_ZNK2ns1f3getEv", "ns::f::get() const", "ns::f::get" },
	{ "_ZSt9terminatev", "std::terminate()", "std::terminate" },
	{ "_Z5twiceIdET_S0_", "twice<double>(double)", "twice<double>" },
	{ "_ZN2ns4textB5cxx11EPKc", "ns::text[abi:cxx11](char const*)", "ns::text" },
	{ "_ZN2ns1fclEv", "ns::f::operator()()", "ns::f::operator()" },
	{ "_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f()", "(anonymous namespace)::f" },
	{ "_ZN5crate4work17h0123456789abcdefE", "crate::work", NULL },
	{ "_RNvCs1234_7mycrate3foo", "mycrate::foo", NULL },
	{ "main", NULL, NULL },
	{ "_Z", NULL, NULL },
	{ "_ZN2ns", NULL, NULL },
};

static void test_names(void **state)
{
	const char *names[ARRAY_SIZE(rows)];
	struct demangled *d;
	char *why;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		names[i] = rows[i].mangled;
	assert_int_equal(demangle__names(names, ARRAY_SIZE(names), "FILE", &d, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = demangled__name(d, i);

		if (!rows[i].name) {
			assert_null(name);
			assert_false(demangled__is(d, i, rows[i].mangled));
			continue;
		}
		assert_non_null(name);
		assert_string_equal(name, rows[i].name);
		assert_true(demangled__is(d, i, rows[i].name));
		assert_true(demangled__is(d, i, rows[i].without ? rows[i].without : rows[i].name));
		assert_false(demangled__is(d, i, ""));
		assert_false(demangled__is(d, i, "ns"));
	}
	assert_null(demangled__name(d, ARRAY_SIZE(rows)));
	demangled__free(d);
	demangled__free(NULL);
}

/*
 * Each pair contains the previous one twice: 2^30 times "int". Runs in this process: in a child,
 * sanitizers cannot look up what they need for a longjmp.
 */
static void test_bomb(void **state)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static char out[DEMANGLED_MAX + 1];
	__cleanup_buf struct buf name = {};
	size_t bare;

	buf__puts(&name, "_Z1fSt4pairIiiES_IS0_S0_E");
	for (int i = 1; i < 30; i++)
		buf__printf(&name, "S_IS%c_S%c_E", digits[i], digits[i]);
	demangle__here(buf__str(&name), out, &bare);
	assert_string_equal(out, "");
	demangle__here("_Z1gv", out, &bare);
	assert_string_equal(out, "g()");
	assert_int_equal(bare, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
