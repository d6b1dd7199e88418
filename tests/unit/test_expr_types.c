/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr_fixture.h"

static struct expr_fixture f;

static int setup(void **state)
{
	expr_fixture__make(&f);
	return 0;
}

static int teardown(void **state)
{
	expr_fixture__free(&f);
	return 0;
}

/* "arg0 ->16 ->56 @8:4 <<32>>32 signed": pointers to follow, then offset:size and the shifts. */
static char *describe(const struct expr *e)
{
	static const char *const sources[] = { "arg0",	 "arg1",     "arg2", "arg3", "arg4",
					       "arg5",	 "pid",	     "tid",  "uid",  "cpu",
					       "cgroup", "ancestor", "comm" };
	static const char *const names[] = { "signed",	"unsigned", "bool", "enum",
					     "pointer", "text",	    "comm", "cgroup" };
	const struct rp_field *r = &e->field;
	char text[256];
	size_t n = snprintf(text, sizeof(text), "%s", sources[r->source]);

	for (int i = 0; i < r->nsteps; i++)
		n += snprintf(text + n, sizeof(text) - n, " ->%d", r->offset[i]);
	if (r->size || (r->text && e->format != EXPR_COMM))
		n += snprintf(text + n, sizeof(text) - n, " @%d", r->offset[r->nsteps]);
	if (r->size)
		n += snprintf(text + n, sizeof(text) - n, ":%d", r->size);
	if (r->left || r->right)
		n += snprintf(text + n, sizeof(text) - n, " <<%d>>%d", r->left, r->right);
	if (r->user)
		n += snprintf(text + n, sizeof(text) - n, " user");
	if (r->text & ~RP_TEXT)
		n += snprintf(text + n, sizeof(text) - n, " counted in %s%s",
			      r->text & RP_TEXT_IN_ARGS ? "registers" : "memory",
			      r->text & RP_TEXT_LENGTH_FIRST ? ", length first" : "");
	snprintf(text + n, sizeof(text) - n, " %s", names[e->format]);
	assert_int_equal(r->text & RP_TEXT, e->format == EXPR_TEXT || e->format == EXPR_COMM);
	if (e->format == EXPR_SIGNED)
		assert_int_equal(r->number, RP_SIGNED);
	if (e->format == EXPR_UNSIGNED)
		assert_int_equal(r->number, RP_UNSIGNED);
	return xstrdup(text);
}

struct good {
	const char *text, *want;
};

static void check_good(const struct expr_scope *scope, const struct good *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct expr e;
		char *why = NULL, *got;

		if (expr__compile(scope, rows[i].text, &e, &why))
			fail_msg("%s: %s", rows[i].text, why);
		got = describe(&e);
		if (strcmp(got, rows[i].want))
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, got, rows[i].want);
		free(got);
		expr__free(&e);
	}
}

static void test_work(void **state)
{
	static const struct good rows[] = {
		/* arguments */
		{ "file", "arg0 pointer" },
		{ " file ", "arg0 pointer" },
		{ "flags", "arg1 <<32>>32 signed" },
		{ "cpu", "arg5 <<56>>56 bool" },
		{ "arg0", "arg0 signed" },
		{ "arg5", "arg5 signed" },
		{ "argv", "arg4 pointer" },
		{ "argv[0]", "arg4 ->0 @0 text" },
		{ "argv[3]", "arg4 ->24 @0 text" },
		{ "argv[1][2]", "arg4 ->8 @2:1 <<56>>56 signed" },
		/* structs by value */
		{ "by_value.low", "arg2 <<32>>32 signed" },
		{ "by_value.high", "arg2 <<0>>32 unsigned" },
		{ "by_value.inode", "arg3 pointer" },
		{ "by_value.inode->i_ino", "arg3 @0:8 unsigned" },
		/* members, pointers, embedded structs, typedefs, qualifiers */
		{ "file->f_inode", "arg0 @16:8 pointer" },
		{ "file->f_inode->i_ino", "arg0 ->16 @0:8 unsigned" },
		{ "file -> f_inode -> i_ino", "arg0 ->16 @0:8 unsigned" },
		{ "file->f_path.inode->i_ino", "arg0 ->0 @0:8 unsigned" },
		{ "file->f_path.len", "arg0 @12:4 <<32>>32 unsigned" },
		{ "file->f_inode->i_parent->i_parent->i_parent->i_ino",
		  "arg0 ->16 ->56 ->56 ->56 @0:8 unsigned" },
		{ "file->f_op", "arg0 @88:8 pointer" },
		{ "file->f_opaque", "arg0 @128:8 pointer" },
		/* anonymous members */
		{ "file->f_inode->i_nlink", "arg0 ->16 @16:4 <<32>>32 signed" },
		{ "file->f_inode->__i_nlink", "arg0 ->16 @16:4 <<32>>32 unsigned" },
		{ "file->f_inode->i_b", "arg0 ->16 @17:1 <<56>>56 unsigned" },
		/* bit-fields */
		{ "file->f_inode->i_mode", "arg0 ->16 @8:1 <<60>>60 signed" },
		{ "file->f_inode->i_kind", "arg0 ->16 @8:1 <<57>>61 unsigned" },
		{ "file->f_inode->i_low", "arg0 ->16 @8:1 <<56>>63 unsigned" },
		{ "file->f_inode->i_wide", "arg0 ->16 @8:4 <<32>>44 unsigned" },
		/* kinds of values */
		{ "file->f_inode->i_dirty", "arg0 ->16 @12:1 <<56>>56 bool" },
		{ "file->f_inode->i_level", "arg0 ->16 @13:1 <<56>>56 signed" },
		{ "file->f_inode->i_color", "arg0 ->16 @20:4 <<32>>32 enum" },
		{ "file->f_inode->i_flags", "arg0 ->16 @24:8 enum" },
		{ "file->f_inode->i_name", "arg0 ->16 @32 text" },
		{ "file->f_inode->i_link", "arg0 ->16 ->48 @0 text" },
		{ "file->f_inode->i_name[2]", "arg0 ->16 @34:1 <<56>>56 signed" },
		{ "file->f_tail", "arg0 @136 text" },
		{ "file->f_tail[9]", "arg0 @145:1 <<56>>56 signed" },
		/* arrays */
		{ "file->f_bytes[7]", "arg0 @31:1 <<56>>56 unsigned" },
		{ "file->f_grid[2][1]", "arg0 @52:4 <<32>>32 signed" },
		{ "file->f_paths[1].hash", "arg0 @80:4 <<32>>32 unsigned" },
		{ "file->f_paths [ 1 ] . inode->i_ino", "arg0 ->72 @0:8 unsigned" },
		{ "file[2].f_path.len", "arg0 @284:4 <<32>>32 unsigned" },
		{ "str(file->f_bytes)", "arg0 @24 text" },
		{ "str( file->f_inode->i_ino )", "arg0 ->16 ->0 @0 text" },
		{ "str(arg0)", "arg0 @0 text" },
		/* memory of the process */
		{ "file->f_user", "arg0 @96:8 pointer" },
		/* words */
		{ "pid", "pid unsigned" },
		{ "tid", "tid unsigned" },
		{ "uid", "uid unsigned" },
		{ "cgroup", "cgroup cgroup" },
		{ "comm", "comm comm" },
		{ "str(comm)", "comm comm" },
	};

	check_good(&f.scope, rows, ARRAY_SIZE(rows));
}

/*
 * A struct of more than two words is on the stack. On other machines, a pointer to it takes one
 * word.
 */
#ifdef __x86_64__
#define ARG(n, next) "arg" #n
#else
#define ARG(n, next) "arg" #next
#endif

static void test_other(void **state)
{
	static const struct good rows[] = {
		{ "color", ARG(0, 1) " <<32>>32 enum" },
		{ "name", ARG(1, 2) " @0 text" },
		{ "name_user", ARG(2, 3) " @0 user text" },
		{ "name_user[1]", ARG(2, 3) " @1:1 <<56>>56 user signed" },
		{ "any", ARG(3, 4) " pointer" },
		{ "str(any)", ARG(3, 4) " @0 text" },
		{ "addr", ARG(4, 5) " unsigned" },
		{ "str(addr)", ARG(4, 5) " @0 text" },
#ifdef __x86_64__ /* elsewhere it is beyond the words that are read */
		{ "bytes", "arg5 pointer" },
		{ "str(bytes)", "arg5 @0 text" },
		{ "bytes[0]", "arg5 @0:1 <<56>>56 unsigned" },
#endif
		{ "cpu", "cpu unsigned" },
	};

	check_good(&f.other, rows, ARRAY_SIZE(rows));
}

static void test_user(void **state)
{
	static const struct good syscall[] = {
		{ "dfd", "arg0 <<32>>32 signed" },
		{ "filename", "arg1 @0 user text" },
		{ "flags", "arg2 unsigned" },
		{ "mode", "arg3 <<48>>48 unsigned" },
		{ "inode", "arg4 pointer" },
		{ "inode->i_parent->i_ino", "arg4 ->56 @0:8 user unsigned" },
		{ "any", "arg5 pointer" },
	};
	static const struct good untyped[] = {
		{ "arg0", "arg0 signed" },
		{ "str(arg3)", "arg3 @0 user text" },
		{ "pid", "pid unsigned" },
	};

	check_good(&f.syscall, syscall, ARRAY_SIZE(syscall));
	check_good(&f.user, untyped, ARRAY_SIZE(untyped));
}

/* Parameters of a user function, with their places. */
static void test_placed(void **state)
{
	static const struct good rows[] = {
		{ "arg0", "arg0 signed" },
		{ "arg5", "arg5 signed" },
		{ "name", "arg1 @0 user counted in registers text" },
		{ "str(name)", "arg1 @0 user counted in registers text" },
		{ "name.len", "arg2 signed" },
		{ "name.data", "arg1 pointer" },
		{ "str(name.data)", "arg1 @0 user text" },
		{ "r", "arg3 pointer" },
		{ "r->path", "arg3 @0 user counted in memory text" },
		{ "r->path.len", "arg3 @8:8 user signed" },
		{ "str(r->alias)", "arg3 ->16 @0 user counted in memory text" },
		{ "r->alias", "arg3 @16:8 user pointer" },
		{ "r->uri", "arg3 @24 user counted in memory, length first text" },
		{ "str(t)", "arg4 @0 user counted in memory text" },
		{ "t[1]", "arg4 @16 user counted in memory text" },
	};

	check_good(&f.placed, rows, ARRAY_SIZE(rows));
}

static void test_enumerators(void **state)
{
	struct expr e;
	char *why;

	assert_int_equal(expr__compile(&f.other, "color", &e, &why), 0);
	assert_int_equal(e.nenumerators, 3);
	assert_int_equal(e.enumerators[0].value, -1);
	assert_string_equal(e.enumerators[0].name, "NONE");
	assert_string_equal(e.enumerators[2].name, "GREEN");
	assert_int_equal(e.field.number, RP_SIGNED);
	expr__free(&e);
	assert_int_equal(expr__compile(&f.scope, "file->f_inode->i_flags", &e, &why), 0);
	assert_int_equal(e.nenumerators, 2);
	assert_int_equal(e.field.number, RP_UNSIGNED);
	expr__free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),	    cmocka_unit_test(test_other),
		cmocka_unit_test(test_user),	    cmocka_unit_test(test_placed),
		cmocka_unit_test(test_enumerators),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
