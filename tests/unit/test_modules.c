/* SPDX-License-Identifier: GPL-2.0-only */
/* User frames: from a directory in the place of /proc, and from this process. The pid namespace is
 * replaced (REPLACED in the Makefile). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "samples/user_stack.h"
#include "temp_dir.h"

static bool is_initial = true;

bool __wrap_machine__is_initial_pid_namespace(void);

bool __wrap_machine__is_initial_pid_namespace(void)
{
	return is_initial;
}

static const char maps[] =
	"1000-3000 r--p 00000000 08:01 11                         /bin/cat\n"
	"3000-5000 r-xp 00002000 08:01 11                         /bin/cat\n"
	"7000-9000 r-xp 00000000 08:01 12                         /lib/with space\n"
	"9000-a000 r-xp 00000000 00:00 0 \n"
	"b000-c000 r-xp 00000000 00:00 0                          [vdso]\n";

static struct rp_sample sample_of(uint32_t pid, const uint64_t *ips, size_t n)
{
	struct rp_sample s = { .pid = pid,
			       .user_bytes = n * sizeof(uint64_t),
			       .id_bytes = n * sizeof(struct rp_build_id) };

	for (size_t i = 0; i < n; i++)
		s.user[i] = ips[i];
	return s;
}

static void set_id(struct rp_sample *s, size_t i, uint8_t id, uint64_t offset)
{
	s->build_id[i].status = RP_BUILD_ID_VALID;
	memset(s->build_id[i].id, id, sizeof(s->build_id[i].id));
	s->build_id[i].offset = offset;
}

static char *spell(struct modules *m, const struct rp_sample *s, bool *gone)
{
	struct user_frame v[RP_SAMPLE_USER_FRAMES];
	size_t n = modules__locate(m, s, v, gone);

	return user_stack__spell(m, v, n, &(struct look_ups){ 0, "/proc" });
}

static void check(struct modules *m, const struct rp_sample *s, bool gone, const char *expected)
{
	bool is_gone;
	__cleanup_free char *text = spell(m, s, &is_gone);

	assert_int_equal(is_gone, gone);
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

static void test_frames(void **state)
{
	static const uint64_t ips[] = { 0x3010, 0x7020, 0x9030, 0xb040, 0x3fff0 };
	struct rp_sample s = sample_of(77, ips, 5), of_gone = sample_of(78, ips, 3);
	char *dir = temp_dir__new();
	__cleanup_free char *process = xasprintf("%s/77", dir);
	struct modules *m;

	assert_int_equal(mkdir(process, 0755), 0);
	temp_dir__write(process, "maps", maps, strlen(maps));
	is_initial = true;
	m = modules__new(dir);
	/* Of a process that has ended, a file is known by its build id only. */
	set_id(&of_gone, 0, 0xab, 0x2010);
	set_id(&of_gone, 1, 0xcd, 0x20);
	modules__begin(m);
	check(m, &of_gone, true,
	      "0x2010 [build id abababababababababababababababababababab]\n"
	      "0x20 [build id cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd]\n"
	      "?");
	set_id(&s, 0, 0xab, 0x2010);
	modules__begin(m);
	check(m, &s, false,
	      "0x2010 [/bin/cat]\n0x20 [/lib/with space]\n0x30 [[anonymous]]\n0x40 [[vdso]]\n?");
	/* Then the path of one of them is known. */
	check(m, &of_gone, true,
	      "0x2010 [/bin/cat]\n"
	      "0x20 [build id cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd]\n"
	      "?");
	s = sample_of(77, ips, 0);
	check(m, &s, false, NULL);
	s.user_bytes = -EFAULT;
	check(m, &s, false, NULL);
	modules__free(m);
	temp_dir__remove(xstrdup(process));
	temp_dir__remove(dir);
}

/* There, the process ids of samples are other processes' in /proc. */
static void test_other_namespace(void **state)
{
	static const uint64_t ips[] = { 0x3010 };
	struct rp_sample s = sample_of(77, ips, 1);
	struct modules *m;

	is_initial = false;
	m = modules__new("/proc");
	modules__begin(m);
	check(m, &s, true, "?");
	modules__free(m);
}

__attribute__((noinline)) static int here(void)
{
	return 3;
}

/* This process, with its symbols. */
static void test_names(void **state)
{
	uint64_t ips[] = { (uintptr_t)here + 1, (uintptr_t)here };
	struct rp_sample s = sample_of(getpid(), ips, 2);
	struct user_frame v[RP_SAMPLE_USER_FRAMES];
	struct modules *m;
	char *text;
	bool gone;
	size_t n;

	assert_int_equal(here(), 3);
	is_initial = true;
	m = modules__new("/proc");
	modules__begin(m);
	n = modules__locate(m, &s, v, &gone);
	assert_int_equal(n, 2);
	assert_false(gone);
	text = user_stack__spell(m, v, n, &(struct look_ups){ monotonic_seconds() + 60, "/proc" });
	assert_ptr_equal(strstr(text, "here+0x1 [/"), text);
	/* The call before it is in the function before. */
	assert_null(strstr(text, "\nhere+"));
	free(text);
	modules__trim(m);
	modules__free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
