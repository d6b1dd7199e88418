/* SPDX-License-Identifier: GPL-2.0-only */
/* Which `returns:` fits which type, and error messages for the others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "types/retkind.h"
#include "discover/target.h"

#define NO           \
	{            \
		0, 0 \
	}

/* In the order of enum returns: the result of auto, errno, pointer, ... */
static const struct {
	const char *what;
	struct retkind type, want[RETURNS_MAX];
} rows[] = {
	{ "int",
	  { RP_KIND_ERRNO, 4 },
	  { { RP_KIND_ERRNO, 4 },
	    { RP_KIND_ERRNO, 4 },
	    NO,
	    { RP_KIND_BOOL, 4 },
	    { RP_KIND_UNSIGNED, 4 },
	    NO,
	    { RP_KIND_RAW, 4 },
	    { RP_KIND_VALUE, 4 },
	    { RP_KIND_SIZE, 4 },
	    { RP_KIND_VOID, 4 } } },
	{ "long, system calls",
	  { RP_KIND_ERRNO, 8 },
	  { { RP_KIND_ERRNO, 8 },
	    { RP_KIND_ERRNO, 8 },
	    NO,
	    { RP_KIND_BOOL, 8 },
	    { RP_KIND_UNSIGNED, 8 },
	    NO,
	    { RP_KIND_RAW, 8 },
	    { RP_KIND_VALUE, 8 },
	    { RP_KIND_SIZE, 8 },
	    { RP_KIND_VOID, 8 } } },
	{ "u32",
	  { RP_KIND_UNSIGNED, 4 },
	  { { RP_KIND_UNSIGNED, 4 },
	    { RP_KIND_ERRNO, 4 },
	    NO,
	    { RP_KIND_BOOL, 4 },
	    { RP_KIND_UNSIGNED, 4 },
	    NO,
	    { RP_KIND_RAW, 4 },
	    { RP_KIND_UVALUE, 4 },
	    { RP_KIND_SIZE, 4 },
	    { RP_KIND_VOID, 4 } } },
	{ "unsigned long",
	  { RP_KIND_UNSIGNED, 8 },
	  { { RP_KIND_UNSIGNED, 8 },
	    { RP_KIND_ERRNO, 8 },
	    { RP_KIND_POINTER, 8 },
	    { RP_KIND_BOOL, 8 },
	    { RP_KIND_UNSIGNED, 8 },
	    NO,
	    { RP_KIND_RAW, 8 },
	    { RP_KIND_UVALUE, 8 },
	    { RP_KIND_SIZE, 8 },
	    { RP_KIND_VOID, 8 } } },
	{ "pointer",
	  { RP_KIND_POINTER, 8 },
	  { { RP_KIND_POINTER, 8 },
	    NO,
	    { RP_KIND_POINTER, 8 },
	    NO,
	    NO,
	    NO,
	    { RP_KIND_RAW, 8 },
	    NO,
	    NO,
	    { RP_KIND_VOID, 8 } } },
	{ "bool",
	  { RP_KIND_BOOL, 1 },
	  { { RP_KIND_BOOL, 1 },
	    NO,
	    NO,
	    { RP_KIND_BOOL, 1 },
	    NO,
	    NO,
	    NO,
	    { RP_KIND_UVALUE, 1 },
	    NO,
	    { RP_KIND_VOID, 1 } } },
	{ "enum",
	  { RP_KIND_ENUM, 4 },
	  { { RP_KIND_ENUM, 4 },
	    NO,
	    NO,
	    NO,
	    NO,
	    { RP_KIND_ENUM, 4 },
	    NO,
	    { RP_KIND_VALUE, 4 },
	    NO,
	    { RP_KIND_VOID, 4 } } },
	{ "void",
	  { RP_KIND_VOID, 8 },
	  { { RP_KIND_VOID, 8 }, NO, NO, NO, NO, NO, NO, NO, NO, { RP_KIND_VOID, 8 } } },
	{ "no type",
	  { RP_KIND_RAW, 8 },
	  { { RP_KIND_RAW, 4 },
	    { RP_KIND_ERRNO, 4 },
	    { RP_KIND_POINTER, 8 },
	    { RP_KIND_BOOL, 1 },
	    { RP_KIND_UNSIGNED, 4 },
	    NO,
	    { RP_KIND_RAW, 4 },
	    { RP_KIND_VALUE, 4 },
	    { RP_KIND_SIZE, 4 },
	    { RP_KIND_VOID, 4 } } },
};

/* The result of `returns:` for a type, of a user function unless `kernel` is set. */
static const struct {
	const char *text;
	struct retkind type, want; /* want.kind 0: refused */
	bool kernel;
} named[] = {
	{ "int", { RP_KIND_RAW, 8 }, { RP_KIND_RAW, 4 }, false },
	{ "int", { RP_KIND_RAW, 8 }, { RP_KIND_ERRNO, 4 }, true },
	{ "int", { RP_KIND_ERRNO, 4 }, { RP_KIND_RAW, 4 }, false },
	{ "int", { RP_KIND_ERRNO, 8 }, {}, false },
	{ "int", { RP_KIND_POINTER, 8 }, {}, false },
	{ "long", { RP_KIND_RAW, 8 }, { RP_KIND_RAW, 8 }, false },
	{ "ssize_t", { RP_KIND_RAW, 8 }, { RP_KIND_RAW, 8 }, false },
	{ "short", { RP_KIND_RAW, 8 }, { RP_KIND_RAW, 2 }, false },
	{ "int8_t", { RP_KIND_RAW, 8 }, { RP_KIND_RAW, 1 }, false },
	{ "size_t", { RP_KIND_RAW, 8 }, { RP_KIND_UNSIGNED, 8 }, false },
	{ "unsigned", { RP_KIND_RAW, 8 }, { RP_KIND_UNSIGNED, 4 }, false },
	{ "unsigned int", { RP_KIND_RAW, 8 }, { RP_KIND_UNSIGNED, 4 }, false },
	{ "unsigned int", { RP_KIND_ERRNO, 4 }, { RP_KIND_UNSIGNED, 4 }, false },
	{ "unsigned long", { RP_KIND_RAW, 8 }, { RP_KIND_UNSIGNED, 8 }, false },
	{ "uint8_t", { RP_KIND_RAW, 8 }, { RP_KIND_UNSIGNED, 1 }, false },
	{ "_Bool", { RP_KIND_RAW, 8 }, { RP_KIND_BOOL, 1 }, false },
	{ "char *", { RP_KIND_RAW, 8 }, { RP_KIND_POINTER, 8 }, false },
	{ "struct x *", { RP_KIND_POINTER, 8 }, { RP_KIND_POINTER, 8 }, true },
	{ "auto", { RP_KIND_ERRNO, 4 }, { RP_KIND_RAW, 4 }, false },
	{ "auto", { RP_KIND_ERRNO, 4 }, { RP_KIND_ERRNO, 4 }, true },
	{ "errno", { RP_KIND_ERRNO, 4 }, { RP_KIND_ERRNO, 4 }, false },
	{ "long as value", { RP_KIND_RAW, 8 }, { RP_KIND_VALUE, 8 }, false },
	{ "ssize_t as size", { RP_KIND_RAW, 8 }, { RP_KIND_SIZE, 8 }, false },
	{ "int as errno", { RP_KIND_RAW, 8 }, { RP_KIND_ERRNO, 4 }, false },
	{ "unsigned as value", { RP_KIND_RAW, 8 }, { RP_KIND_UVALUE, 4 }, false },
	{ "size_t as value", { RP_KIND_RAW, 8 }, { RP_KIND_UVALUE, 8 }, false },
	{ "pointer as value", { RP_KIND_RAW, 8 }, {}, false },
};

static void test_named_types(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		struct retkind_request r = { .user = !named[i].kernel, .function = "f" };
		struct retkind got = named[i].type;
		char *why = NULL;
		int err;

		assert_int_equal(returns__parse(named[i].text, &r.asked, &r.c_type, &why), 0);
		err = retkind__apply(&r, &got, &why);
		if (err != (named[i].want.kind ? 0 : -EINVAL) ||
		    (!err && (got.kind != named[i].want.kind || got.size != named[i].want.size)))
			fail_msg("%s: %d, kind %d, size %d: %s", named[i].text, err, got.kind,
				 got.size, why ? why : "");
		free(why);
	}
}

static void test_no_types(void **state)
{
	static const char *const texts[] = {
		"",	      "integer",      "int as", "int as ",	"int as x",
		"x as value", "value as int", "*",	"int  as value"
	};
	const struct c_type *type;
	enum returns kind;
	char *why;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!returns__parse(texts[i], &kind, &type, &why))
			fail_msg("\"%s\" is taken", texts[i]);
		assert_non_null(strstr(why, "is not allowed"));
		free(why);
	}
}

static void test_every_request(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int asked = 0; asked < RETURNS_MAX; asked++) {
			const struct retkind *want = &rows[i].want[asked];
			struct retkind got = rows[i].type;
			char *why = NULL;
			struct retkind_request r = { .asked = asked, .function = "f" };
			int err = retkind__apply(&r, &got, &why);

			if (err != (want->kind ? 0 : -EINVAL) || !err != !why ||
			    (!err && (got.kind != want->kind || got.size != want->size)))
				fail_msg("%s of %s: %d, kind %d, size %d: %s", returns_names[asked],
					 rows[i].what, err, got.kind, got.size, why ? why : "");
			free(why);
		}
	}
}

/* Every kind has a name that `returns:` accepts, so that an exported name can be configured. */
static void test_names(void **state)
{
	for (int kind = RP_KIND_ERRNO; kind < RP_KIND_MAX; kind++) {
		bool found = false;

		assert_non_null(kind_names[kind]);
		for (int r = RETURNS_AUTO + 1; r < RETURNS_MAX; r++)
			found |= !strcmp(returns_names[r], kind_names[kind]);
		assert_true(found);
	}
}

static const struct {
	enum returns asked;
	const char *function, *signature;
	struct retkind type;
	const char *why;
} refusals[] = {
	{ RETURNS_POINTER,
	  "vmlinux:vfs_read",
	  "ssize_t vfs_read(struct file *file)",
	  { RP_KIND_ERRNO, 8 },
	  "returns: pointer does not suit vmlinux:vfs_read (ssize_t vfs_read(struct file *file)), "
	  "which returns a signed integer of 8 bytes; write one of auto, errno, bool, unsigned, "
	  "raw, value, size, void" },
	{ RETURNS_SIZE,
	  "ext4:f",
	  "void f(void)",
	  { RP_KIND_VOID, 8 },
	  "returns: size does not suit ext4:f (void f(void)), which returns no value that fits a "
	  "register; write one of auto, void" },
	{ RETURNS_ERRNO,
	  "vmlinux:f",
	  "struct file *f(void)",
	  { RP_KIND_POINTER, 8 },
	  "returns: errno does not suit vmlinux:f (struct file *f(void)), which returns a pointer; "
	  "write one of auto, pointer, raw, void" },
	{ RETURNS_RAW,
	  "vmlinux:f",
	  "bool f(void)",
	  { RP_KIND_BOOL, 1 },
	  "returns: raw does not suit vmlinux:f (bool f(void)), which returns a bool; write one of "
	  "auto, bool, value, void" },
	{ RETURNS_SIZE,
	  "vmlinux:f",
	  "enum e f(void)",
	  { RP_KIND_ENUM, 4 },
	  "returns: size does not suit vmlinux:f (enum e f(void)), which returns an enum; write "
	  "one "
	  "of auto, enum, value, void" },
	{ RETURNS_ENUM,
	  "vmlinux:f",
	  "u8 f(void)",
	  { RP_KIND_UNSIGNED, 1 },
	  "returns: enum does not suit vmlinux:f (u8 f(void)), which returns an unsigned integer "
	  "of "
	  "1 byte; write one of auto, errno, bool, unsigned, raw, value, size, void" },
	{ RETURNS_ENUM,
	  "/bin/x:f",
	  NULL,
	  { RP_KIND_RAW, 8 },
	  "returns: enum does not suit /bin/x:f, which returns a value of unknown type; "
	  "write one of auto, errno, pointer, bool, unsigned, raw, value, size, void" },
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct retkind type = refusals[i].type;
		char *why = NULL;

		struct retkind_request r = { .asked = refusals[i].asked,
					     .function = refusals[i].function,
					     .signature = refusals[i].signature };

		assert_int_equal(retkind__apply(&r, &type, &why), -EINVAL);
		assert_string_equal(why, refusals[i].why);
		assert_int_equal(type.kind, refusals[i].type.kind);
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_request), cmocka_unit_test(test_names),
		cmocka_unit_test(test_refusals),      cmocka_unit_test(test_named_types),
		cmocka_unit_test(test_no_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
