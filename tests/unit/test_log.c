/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines that stderr does not accept are dropped, without a long wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <sys/socket.h>

#define LINES 200
#define LIMIT 20.0 /* seconds; twice as long if each line waited like the first */

static int kept;

/* The read end of a stderr with a small buffer. */
static int replace_stderr(bool is_socket)
{
	int fds[2], little = 4096;

	if (is_socket) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	} else {
		assert_int_equal(pipe(fds), 0);
		assert_true(fcntl(fds[1], F_SETPIPE_SZ, little) > 0);
	}
	kept = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log__setup(LOG_INFO, LOG_LOGFMT);
	return fds[0];
}

static void restore_stderr(int fd)
{
	close(fd);
	dup2(kept, STDERR_FILENO);
	close(kept);
	log__setup(LOG_INFO, LOG_LOGFMT);
}

static void drain(int fd)
{
	char some[4096];

	while (recv(fd, some, sizeof(some), MSG_DONTWAIT) > 0 ||
	       (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && read(fd, some, sizeof(some)) > 0))
		;
}

static void nobody_reads(bool is_socket)
{
	int fd = replace_stderr(is_socket);
	double begin = monotonic_seconds(), took;
	uint64_t dropped, later;

	log__take_dropped();
	for (int i = 0; i < LINES; i++)
		log_info("line %d that nobody reads, and that is longer than it would have to be",
			 i);
	took = monotonic_seconds() - begin;
	dropped = log__take_dropped();
	drain(fd);
	log_info("and one that is read");
	later = log__take_dropped();
	restore_stderr(fd);
	assert_true(took < LIMIT);
	assert_in_range(dropped, LINES / 4, LINES - 1);
	assert_int_equal(later, 0);
}

static void nobody_reads_a_pipe(void **state)
{
	nobody_reads(false);
}

static void nobody_reads_a_socket(void **state)
{
	nobody_reads(true);
}

/* The parent process still writes to it as before. */
static void flags_stay(void **state)
{
	int fd = replace_stderr(false), flags = fcntl(STDERR_FILENO, F_GETFL);

	restore_stderr(fd);
	assert_false(flags & O_NONBLOCK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_reads_a_pipe),
		cmocka_unit_test(nobody_reads_a_socket),
		cmocka_unit_test(flags_stay),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
