/* SPDX-License-Identifier: GPL-2.0-only */
/* The layout that is assumed without BTF, checked against a kernel with BTF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/btf_layout.h"

#include <bpf/btf.h>
#include <sys/utsname.h>

#if defined(__x86_64__)
#define FIELD "status"
#else
#define FIELD "flags"
#endif

/* Offset of a member in bits; -1: no such member. */
static int64_t offset_of(const struct btf *btf, const char *structure, const char *member)
{
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), member))
			return btf_member_bit_offset(t, i);
	return -1;
}

static struct btf *layout(const char *release, unsigned record)
{
	__cleanup_close int fd = btf_layout__open(release, record);
	__cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);
	struct btf *btf = btf__parse(path, NULL);

	assert_non_null(btf);
	assert_int_equal(offset_of(btf, "task_struct", "thread_info"), 0);
	return btf;
}

static void test_this_kernel(void **state)
{
	struct btf *real = btf__load_vmlinux_btf(), *known;
	struct utsname u;

	if (!real)
		skip();
	uname(&u);
	known = layout(u.release, BTF_LAYOUT_RECORD);
	assert_int_equal(offset_of(real, "task_struct", "thread_info"), 0);
	assert_int_equal(offset_of(known, "thread_info", FIELD),
			 offset_of(real, "thread_info", FIELD));
	btf__free(known);
	btf__free(real);
}

static void test_releases(void **state)
{
#if defined(__x86_64__)
	static const struct {
		const char *release;
		int64_t offset;
	} rows[] = {
		{ "5.10.0-28-amd64", 64 },
		{ "5.11.0", 128 },
		{ "6.1.0-18-amd64", 128 },
		{ "7.3.4", 128 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct btf *btf = layout(rows[i].release, BTF_LAYOUT_RECORD);

		assert_int_equal(offset_of(btf, "thread_info", FIELD), rows[i].offset);
		btf__free(btf);
	}
#endif
}

/* Real-time kernels have one more common field. */
static void test_records(void **state)
{
	static const unsigned starts[] = { BTF_LAYOUT_RECORD, 16 };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct btf *btf = layout("6.1.0-50-rt-amd64", starts[i]);
		int64_t start = starts[i] * 8;

		assert_int_equal(offset_of(btf, "trace_event_raw_sys_enter", "id"), start);
		assert_int_equal(offset_of(btf, "trace_event_raw_sys_enter", "args"), start + 64);
		assert_int_equal(offset_of(btf, "trace_event_raw_sys_exit", "id"), start);
		assert_int_equal(offset_of(btf, "trace_event_raw_sys_exit", "ret"), start + 64);
		btf__free(btf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_kernel),
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests_name("btf_layout", tests, NULL, NULL);
}
