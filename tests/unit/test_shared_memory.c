/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that one process writes and others read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "hostile.h"
#include "base/shared_memory.h"

static struct shared_memory memory;

static int set_up(void **state)
{
	return shared_memory__new(&memory, 100);
}

static int tear_down(void **state)
{
	shared_memory__free(&memory);
	return 0;
}

/* Existing mappings see later writes. */
static void is_read_by_others(void **state)
{
	const uint64_t words[] = { 7, 8 };
	const void *view = shared_memory__map(memory.fd, memory.size);
	int ready[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		close(ready[1]);
		_exit(read(ready[0], &c, 1) != 0 || memcmp(view, words, sizeof(words)));
	}
	shared_memory__put(memory.addr, words, 2);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	munmap((void *)view, memory.size);
}

/* Neither a forked process nor a holder of the descriptor can write it. */
static void is_written_by_nobody_else(void **state)
{
	const void *other = shared_memory__map(memory.fd, memory.size);

	assert_non_null(other);
	assert_int_equal(hostile__run(), 0);
	assert_int_equal(*(uint64_t *)memory.addr, 0);

	errno = 0;
	assert_int_equal(mprotect((void *)other, memory.size, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	assert_ptr_equal(mmap(NULL, memory.size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd, 0),
			 MAP_FAILED);
	assert_int_equal(pwrite(memory.fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(memory.fd, 0), -1);
	assert_int_equal(ftruncate(memory.fd, 1 << 20), -1);
	assert_int_equal(*(const uint64_t *)other, 0);
	munmap((void *)other, memory.size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_read_by_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(is_written_by_nobody_else, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
