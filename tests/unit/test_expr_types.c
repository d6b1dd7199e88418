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
		assert_true(r->is_signed);
	if (e->format == EXPR_UNSIGNED)
		assert_false(r->is_signed);
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
	assert_true(e.field.is_signed);
	expr__free(&e);
	assert_int_equal(expr__compile(&f.scope, "file->f_inode->i_flags", &e, &why), 0);
	assert_int_equal(e.nenumerators, 2);
	assert_false(e.field.is_signed);
	expr__free(&e);
}

/* ---- mistakes ------------------------------------------------------------------------------- */

struct bad {
	const char *text, *words[4];
};

static void check_bad(const struct expr_scope *scope, const struct bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct expr e;
		char *why = NULL;

		if (expr__compile(scope, rows[i].text, &e, &why) != -EINVAL)
			fail_msg("%s: was taken", rows[i].text);
		for (size_t k = 0; k < 4 && rows[i].words[k]; k++) {
			if (!strstr(why, rows[i].words[k]))
				fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, why,
					 rows[i].words[k]);
		}
		assert_null(strpbrk(why, "\n\r\t"));
		if (getenv("SHOW"))
			print_message("%s\n    %s\n", rows[i].text, why);
		free(why);
	}
}

static void test_bad_names(void **state)
{
	static const struct bad work[] = {
		{ "fil",
		  { "no parameter \"fil\"; did you mean file?", "long work(struct file *file,",
		    "arg0 to arg5" } },
		{ "nothing", { "no parameter \"nothing\": the function is long work(" } },
		{ "seventh", { "\"seventh\" of long work(", "passed on the stack" } },
		{ "arg6", { "\"arg6\"", "only arg0 to arg5 can be read" } },
		{ "arg7777777777777777777777", { "only arg0 to arg5 can be read" } },
		{ "argx", { "no parameter \"argx\"; did you mean argv?" } },
		{ "", { "is empty", "file->f_inode->i_ino" } },
		{ "str()", { "\")\" does not start with a name" } },
		{ "strlen(file)", { "unknown function \"strlen\"; only str() exists" } },
		{ "42", { "\"42\" does not start with a name" } },
		{ "*argv", { "write x[0] instead of *x" } },
		{ "&file->f_path", { "cannot take addresses" } },
		{ "(struct file *)file", { "does not start with a name" } },
		{ "file->f_inode->i_ino file", { "\"file\" after \"file->f_inode->i_ino\"" } },
		{ "file + 1", { "\"+ 1\" after \"file\"" } },
	};
	static const struct bad other[] = {
		{ "big", { "\"big\"", "passed on the stack" } },
		{ "colour", { "did you mean color?" } },
	};
	static const struct bad untyped[] = {
		{ "size",
		  { "unknown name \"size\"", "ELF files have no types",
		    "arg0 to arg5, str(arg0)" } },
		{ "arg0->next", { "\"arg0\" has no type", "str(arg0) for text" } },
	};
	static const struct bad syscall[] = {
		{ "file_name", { "did you mean filename?", "openat(int dfd" } },
		{ "any->x", { "\"any\" is of type unknown *", "kernel's BTF does not describe" } },
		{ "dfd->x", { "\"dfd\" is of type int: it has no members" } },
	};

	static const struct bad placed[] = {
		{ "d", { "\"d\" of int handle(", "floating-point register" } },
		{ "far", { "\"far\" of int handle(", "passed on the stack" } },
		{ "gone", { "\"gone\" of int handle(", "optimised away" } },
		{ "lost", { "\"lost\" of int handle(", "cannot be located" } },
		{ "nam", { "no parameter \"nam\"; did you mean name?" } },
	};

	check_bad(&f.placed, placed, ARRAY_SIZE(placed));
	check_bad(&f.scope, work, ARRAY_SIZE(work));
	check_bad(&f.other, other, ARRAY_SIZE(other));
	check_bad(&f.user, untyped, ARRAY_SIZE(untyped));
	check_bad(&f.syscall, syscall, ARRAY_SIZE(syscall));
}

static void test_bad_members(void **state)
{
	static const struct bad rows[] = {
		{ "file->f_inod",
		  { "\"file->f_inod\": struct file has no member \"f_inod\"; did you mean f_inode?",
		    "struct path f_path, " } },
		{ "file->f_inode->i_xyz",
		  { "struct inode has no member \"i_xyz\"", "unsigned long i_ino", " and " } },
		{ "file.f_inode", { "\"file\" is a pointer (struct file *): use \"->\"" } },
		{ "file->f_path->len",
		  { "\"file->f_path\" is a struct path, not a pointer: use \".\"" } },
		{ "file->f_path",
		  { "is a struct path, not a single value",
		    "struct inode *inode, unsigned int hash" } },
		{ "file->f_path.inode.i_ino",
		  { "\"file->f_path.inode\" is a pointer (struct inode *)" } },
		{ "file->",
		  { "ends without a member's name: struct file has struct path f_path" } },
		{ "flags->x", { "\"flags\" is of type int: it has no members" } },
		{ "file->f_inode->i_ino.x", { "is of type unsigned long: it has no members" } },
		{ "file->f_inode->i_name->x", { "is an array (char[16]): select an element" } },
		{ "file->f_op->x", { "\"file->f_op\"" } },
		{ "file->f_opaque->x",
		  { "\"file->f_opaque\" is of type struct opaque *",
		    "kernel's BTF does not describe" } },
		{ "file->f_user->i_ino", { "from kernel memory to user memory" } },
		{ "comm->x", { "\"comm\" is text and has no members" } },
		{ "pid->x", { "\"pid\" is a number and has no members" } },
		{ "str(arg0)->x", { "is text and has no members" } },
		{ "str(flags)", { "str(flags): not text but of type int" } },
		{ "str(arg1)", { "str(arg1): not text but of type int" } },
		{ "str(arg5)", { "str(arg5): not text but of type bool" } },
		{ "ret", { "before there is a result; use it in a filter" } },
	};

	check_bad(&f.scope, rows, ARRAY_SIZE(rows));
}

static void test_bad_values(void **state)
{
	static const struct bad rows[] = {
		{ "file->f_grid",
		  { "is an array (int[3][2])", "select an element, as in file->f_grid[0]" } },
		{ "file->f_bytes", { "or put str(...) around it" } },
		{ "file->f_real", { "is of type double: only integers" } },
		{ "file->f_int128", { "is of type __int128" } },
		{ "by_value", { "is a struct pair", "int low, unsigned int high" } },
		{ "file[0]", { "is a struct file" } },
		{ "file->f_grid[3]",
		  { "\"file->f_grid\" is of type int[3][2]: its last element is [2]" } },
		{ "file->f_grid[-1]", { "write a whole number" } },
		{ "file->f_grid[x]", { "write a whole number" } },
		{ "file->f_grid[1", { "has an invalid index" } },
		{ "file->f_grid[99999999999999999999]", { "write a whole number" } },
		{ "file[2147483647].f_path.len", { "too far from its pointer" } },
		{ "flags[0]", { "\"flags\" is neither an array nor a pointer, but of type int" } },
		{ "pid[0]", { "\"pid\" is neither an array nor a pointer" } },
		{ "file->f_op[0]", { "the size of its elements is unknown" } },
		{ "str(flags)", { "str(flags): not text but of type int" } },
		{ "str(file)", { "of type struct file *" } },
		{ "str(pid)", { "it is a number, not text" } },
		{ "str(arg0", { "lacks the closing \")\"" } },
		{ "by_value.inode->i_parent->i_parent->i_parent->i_parent->i_parent->i_parent->i_"
		  "parent->i_parent->i_parent->i_parent->i_ino",
		  { "follows more than 8 pointers" } },
		{ "file\n\x1b[2J", { "??[2J" } },
	};

	check_bad(&f.scope, rows, ARRAY_SIZE(rows));
}

static void test_too_long(void **state)
{
	char text[4096];
	struct expr e;
	char *why;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(expr__compile(&f.scope, text, &e, &why), -EINVAL);
	assert_non_null(strstr(why, "longer than"));
	free(why);
	assert_int_equal(expr__compile(&f.scope, text + sizeof(text) - 200, &e, &why), -EINVAL);
	assert_non_null(strstr(why, "longer than any name"));
	free(why);
}

/*
 * Any input gives an answer, without a read out of bounds. Pieces of valid expressions get deeper
 * into the grammar than random bytes.
 */
/* Invalid BTF must not crash us: names out of range, a struct without end. */
static void test_broken_btf(void **state)
{
	struct expr_scope scope = {};
	struct expr e;
	struct btf *btf = btf__new_empty(), *broken;
	int character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	int tag = btf__add_type_tag(btf, "user", character), text = btf__add_ptr(btf, tag);
	int self = btf__add_struct(btf, "self", 8), self_ptr, proto;
	const void *data;
	char *why = NULL;
	__u32 size;

	for (int i = 0; i < 4; i++)
		btf__add_field(btf, NULL, self, 0, 0);
	self_ptr = btf__add_ptr(btf, self);
	proto = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "text", text);
	btf__add_func_param(btf, "self", self_ptr);
	((struct btf_type *)btf__type_by_id(btf, tag))->name_off = 0x7fffffff;
	data = btf__raw_data(btf, &size);
	broken = btf__new(data, size);
	/* Later releases of libbpf refuse it. */
	if (broken) {
		scope.btf = broken;
		scope.proto = proto;
		assert_int_equal(expr__compile(&scope, "str(text)", &e, &why), 0);
		expr__free(&e);
		assert_int_equal(expr__compile(&scope, "self->x", &e, &why), -EINVAL);
		free(why);
	}
	btf__free(broken);
	btf__free(btf);
}

static void garbage(char *text, size_t size, uint32_t *seed)
{
	static const char *const pieces[] = {
		"file",	  "->",	      ".",	  "[",	     "]",     "1",	"99999999",
		"f_path", "f_inode",  "i_parent", "i_name",  "str(",  ")",	"by_value",
		"inode",  "argv",     "pid",	  "comm",    " ",     "arg1",	"==",
		"!=",	  "<",	      ">=",	  "&",	     "-1",    "0x10",	"\"a\"",
		"\"",	  "duration", "1ms",	  "outcome", "error", "cgroup", "under",
		"/",	  "\\",	      "'",	  "i_color", "GREEN", "flags",
	};
	size_t n = 0;

	while (n < size - 1) {
		const char *piece;

		*seed = *seed * 1664525 + 1013904223;
		if (*seed >> 28 == 0)
			break;
		if (*seed >> 28 == 1) {
			text[n++] = *seed >> 16 & 0xff ? *seed >> 16 : 1;
			continue;
		}
		piece = pieces[(*seed >> 8) % ARRAY_SIZE(pieces)];
		n += snprintf(text + n, size - n, "%s", piece);
		n = n < size ? n : size - 1;
	}
	text[n] = '\0';
}

static void test_garbage(void **state)
{
	const struct expr_scope *scopes[] = { &f.scope, &f.other, &f.syscall, &f.user, &f.placed };
	uint32_t seed = 1;
	size_t good = 0;

	for (int i = 0; i < 50000; i++) {
		/* Each allocated separately, so that AddressSanitizer detects a read beyond it. */
		char buffer[120], *text, *why = NULL;
		struct expr e;

		garbage(buffer, sizeof(buffer), &seed);
		text = xstrdup(buffer);
		if (!expr__compile(scopes[i % 5], text, &e, &why)) {
			good++;
			assert_true(e.field.nsteps <= RP_STEPS && e.field.left < 64 &&
				    e.field.right < 64);
			expr__free(&e);
		} else {
			assert_non_null(why);
		}
		free(why);
		free(text);
	}
	assert_true(good > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),	    cmocka_unit_test(test_other),
		cmocka_unit_test(test_user),	    cmocka_unit_test(test_placed),
		cmocka_unit_test(test_enumerators), cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_bad_members), cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_too_long),    cmocka_unit_test(test_broken_btf),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
