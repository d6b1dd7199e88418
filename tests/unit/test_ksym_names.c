/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/ksym_names.h"
#include "temp_dir.h"

#define BASE 0xffffffff81000000ULL
#define TEXT                                                                            \
	"ffffffff81000000 T _text\nffffffff81000100 t first\nffffffff81000180 d data\n" \
	"ffffffff81000200 T second\nffffffffc0000000 t of_module\t[ext4]\n"

static char *proc;

static void write_files(const char *kallsyms, const char *modules)
{
	temp_dir__write(proc, "kallsyms", kallsyms, strlen(kallsyms));
	temp_dir__write(proc, "modules", modules, strlen(modules));
}

static int set_up(void **state)
{
	proc = temp_dir__new();
	write_files(TEXT, "");
	return 0;
}

static int tear_down(void **state)
{
	temp_dir__remove(proc);
	return 0;
}

static void test_names(void **state)
{
	const uint64_t addrs[] = { BASE + 0x210,
				   BASE + 0x110,
				   BASE + 0x1f0,
				   BASE + 0x110,
				   0xffffffffc0000005,
				   0xffffffffd0000000,
				   5 };
	struct ksym_names *k = ksym_names__new(proc);

	assert_string_equal(ksym_names__of(k, BASE + 0x110), "?");
	ksym_names__look_up(k, addrs, 7);
	assert_string_equal(ksym_names__of(k, BASE + 0x110), "first+0x10");
	assert_string_equal(ksym_names__of(k, BASE + 0x1f0), "first+0xf0");
	assert_string_equal(ksym_names__of(k, BASE + 0x210), "second+0x10");
	assert_string_equal(ksym_names__of(k, 0xffffffffc0000005), "of_module+0x5 [ext4]");
	assert_string_equal(ksym_names__of(k, 0xffffffffd0000000), "?"); /* too far away */
	assert_string_equal(ksym_names__of(k, 5), "?");
	assert_string_equal(ksym_names__of(k, BASE + 0x111), "?"); /* not looked up */
	ksym_names__free(k);
}

/* Another module may be at the same address. */
static void test_modules(void **state)
{
	const uint64_t addr = 0xffffffffc0000005;
	struct ksym_names *k = ksym_names__new(proc);

	ksym_names__look_up(k, &addr, 1);
	write_files("ffffffffc0000000 t other\t[kvm]\n", "kvm 1 0 - Live 0xffffffffc0000000\n");
	usleep(50000); /* passes may take a share of the time */
	ksym_names__look_up(k, &addr, 1);
	assert_string_equal(ksym_names__of(k, addr), "other+0x5 [kvm]");
	ksym_names__free(k);
}

/* Hidden symbols do not name an address, nor is it shown. */
static void test_hidden(void **state)
{
	const uint64_t addr = BASE + 0x110;
	struct ksym_names *k = ksym_names__new(proc);

	write_files("0000000000000000 t first\n", "");
	ksym_names__look_up(k, &addr, 1);
	assert_string_equal(ksym_names__of(k, addr), "?");
	ksym_names__free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hidden, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
