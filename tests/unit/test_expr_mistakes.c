/* SPDX-License-Identifier: GPL-2.0-only */
/* Expressions that are refused: what the messages say. */
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
		{ "strlen(file)", { "unknown function \"strlen\"", "str, ntohs" } },
		{ "42", { "\"42\" does not start with a name" } },
		{ "*argv", { "write x[0] instead of *x" } },
		{ "&file->f_path", { "cannot take addresses" } },
		{ "(struct file *)file", { "write a cast as in cast(arg0, struct file)" } },
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

/*
 * Any input gives an answer, without a read out of bounds. Pieces of valid expressions get deeper
 * into the grammar than random bytes.
 */
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
		cmocka_unit_test(test_bad_names),  cmocka_unit_test(test_bad_members),
		cmocka_unit_test(test_bad_values), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_broken_btf), cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
