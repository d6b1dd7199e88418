/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "btf_fixture.h"
#include "types/kernel_functions.h"

struct world {
	char *dir;
	struct btf_fixture fixture;
	struct kernel_functions *types;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->dir = temp_dir__new();
	btf_fixture__make(&w->fixture, w->dir);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	btf__free(w->fixture.vmlinux);
	kernel_functions__free(w->types);
	temp_dir__remove(w->dir);
	free(w);
	return 0;
}

static void open_types(struct world *w)
{
	assert_int_equal(kernel_functions__open(w->dir, &w->types), 0);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *function;
		enum rp_kind kind;
		uint8_t size;
	} rows[] = {
		{ "vfs_read", RP_KIND_ERRNO, 8 },      { "ret_int", RP_KIND_ERRNO, 4 },
		{ "ret_const_int", RP_KIND_ERRNO, 4 }, { "ret_s8", RP_KIND_ERRNO, 1 },
		{ "ret_u32", RP_KIND_UNSIGNED, 4 },    { "ret_u64", RP_KIND_UNSIGNED, 8 },
		{ "ret_bool", RP_KIND_BOOL, 1 },       { "ret_wide", RP_KIND_VOID, 8 },
		{ "ret_ptr", RP_KIND_POINTER, 8 },     { "ret_text", RP_KIND_POINTER, 8 },
		{ "ret_void", RP_KIND_VOID, 8 },       { "ret_struct", RP_KIND_VOID, 8 },
		{ "ret_float", RP_KIND_VOID, 8 },      { "ret_enum", RP_KIND_ENUM, 4 },
		{ "ret_enum64", RP_KIND_ENUM, 8 },     { "one_clone.isra.0", RP_KIND_ERRNO, 4 },
	};
	struct world *w = *state;

	open_types(w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct function_type f;

		if (kernel_functions__function(w->types, "vmlinux", rows[i].function, &f))
			fail_msg("%s was not found", rows[i].function);
		if (f.kind != rows[i].kind || f.size != rows[i].size)
			fail_msg("%s: kind %d, size %d", rows[i].function, f.kind, f.size);
		function_type__free(&f);
	}
}

static void test_enumerators(void **state)
{
	struct world *w = *state;
	struct function_type f;

	open_types(w);
	assert_int_equal(kernel_functions__function(w->types, "vmlinux", "ret_enum", &f), 0);
	assert_int_equal(f.nenumerators, 3);
	assert_int_equal(f.enumerators[0].value, -1);
	assert_string_equal(f.enumerators[0].name, "RED");
	assert_int_equal(f.enumerators[1].value, 0);
	assert_string_equal(f.enumerators[1].name, "BLUE");
	assert_int_equal(f.enumerators[2].value, 2);
	assert_string_equal(f.enumerators[2].name, "GREEN");
	function_type__free(&f);

	assert_int_equal(kernel_functions__function(w->types, "vmlinux", "ret_enum64", &f), 0);
	assert_int_equal(f.nenumerators, 2);
	assert_true(f.enumerators[0].value == INT64_MIN);
	assert_string_equal(f.enumerators[0].name, "TOP");
	function_type__free(&f);
}

static void check_signature(struct kernel_functions *types, const char *object, const char *name,
			    const char *want)
{
	struct function_type f;

	assert_int_equal(kernel_functions__function(types, object, name, &f), 0);
	assert_string_equal(f.signature, want);
	function_type__free(&f);
}

/* int f(int (*fn)(const void *, ...), const char *const *argv, int (*rows)[3], struct {...} *x) */
static void add_declarators(struct btf_fixture *f)
{
	struct btf *btf = f->vmlinux;
	int cvoid = btf__add_ptr(btf, btf__add_const(btf, 0));
	int callback = btf__add_func_proto(btf, f->s32), strings, rows, anonymous, handler, proto;

	btf__add_func_param(btf, NULL, cvoid);
	btf__add_func_param(btf, NULL, 0);
	callback = btf__add_ptr(btf, callback);
	strings = btf__add_ptr(btf, btf__add_const(btf, f->text_ptr));
	rows = btf__add_ptr(btf, btf__add_array(btf, f->s32, f->s32, 3));
	anonymous = btf__add_ptr(btf, btf__add_struct(btf, NULL, 4));

	proto = btf__add_func_proto(btf, f->s32);
	btf__add_func_param(btf, "fn", callback);
	btf__add_func_param(btf, "argv", strings);
	btf__add_func_param(btf, "rows", rows);
	btf__add_func_param(btf, "x", anonymous);
	btf__add_func(btf, "declarators", BTF_FUNC_STATIC, proto);

	handler = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, NULL, f->s32);
	handler = btf__add_ptr(btf, handler);
	btf_fixture__func(btf, "ret_handler", handler);
}

static void test_signatures(void **state)
{
	struct world *w = *state;

	add_declarators(&w->fixture);
	btf_fixture__write(w->dir, "vmlinux", w->fixture.vmlinux);
	open_types(w);
	check_signature(w->types, "vmlinux", "vfs_read",
			"ssize_t vfs_read(struct file *file, char *buf, size_t count)");
	check_signature(w->types, "vmlinux", "ret_text", "const char *ret_text(void)");
	check_signature(w->types, "vmlinux", "ret_u64", "u64 ret_u64(void)");
	check_signature(w->types, "vmlinux", "ret_void", "void ret_void(void)");
	check_signature(w->types, "vmlinux", "ret_enum", "enum color ret_enum(void)");
	check_signature(w->types, "vmlinux", "one_clone.isra.0", "int one_clone.isra.0(void)");
	check_signature(w->types, "vmlinux", "declarators",
			"int declarators(int (*fn)(const void *, ...), const char *const *argv, "
			"int (*rows)[3], struct {...} *x)");
	check_signature(w->types, "vmlinux", "ret_handler", "void (*ret_handler(void))(int)");
}

static void test_modules(void **state)
{
	struct world *w = *state;
	struct function_type f;

	open_types(w);
	check_signature(w->types, "ext4", "ext4_sync_file", "int ext4_sync_file(void)");
	assert_int_equal(kernel_functions__function(w->types, "ext4", "ret_u32", &f), 0);
	assert_int_equal(f.kind, RP_KIND_BOOL);
	function_type__free(&f);

	assert_int_equal(kernel_functions__function(w->types, "ext4", "vfs_read", &f), -ENOENT);
	assert_int_equal(kernel_functions__function(w->types, "vmlinux", "ext4_sync_file", &f),
			 -ENOENT);
	assert_int_equal(kernel_functions__function(w->types, "no_such_module", "f", &f), -ENOENT);
	assert_int_equal(kernel_functions__function(w->types, "vmlinux", "nosuch", &f), -ENOENT);
}

static void test_missing(void **state)
{
	struct world *w = *state;
	struct kernel_functions *types = NULL;
	__cleanup_free char *dir = xasprintf("%s/none", w->dir);

	assert_int_equal(kernel_functions__open(dir, &types), -ENOENT);
	assert_null(types);
	kernel_functions__free(NULL);
}

/* A typedef of itself: invalid, but must not hang us. */
static void test_loop(void **state)
{
	struct world *w = *state;
	struct function_type f;
	int id = btf__type_cnt(w->fixture.vmlinux);

	assert_int_equal(btf__add_typedef(w->fixture.vmlinux, "loop", id), id);
	id = btf__type_cnt(w->fixture.vmlinux);
	assert_int_equal(btf__add_ptr(w->fixture.vmlinux, id), id);
	btf_fixture__func(w->fixture.vmlinux, "ret_loop", id - 1);
	btf_fixture__func(w->fixture.vmlinux, "ret_loop_ptr", id);
	btf_fixture__write(w->dir, "vmlinux", w->fixture.vmlinux);
	open_types(w);
	assert_int_equal(kernel_functions__function(w->types, "vmlinux", "ret_loop", &f), 0);
	assert_int_equal(f.kind, RP_KIND_VOID);
	function_type__free(&f);
	assert_int_equal(kernel_functions__function(w->types, "vmlinux", "ret_loop_ptr", &f), 0);
	assert_int_equal(f.kind, RP_KIND_POINTER);
	function_type__free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_enumerators, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signatures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loop, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
