/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "files/confined.h"

static struct confined_job job_of(int64_t (*run)(void *, void *, size_t, char *), void *ctx)
{
	return (struct confined_job){
		.run = run,
		.ctx = ctx,
		.what = "the job",
		.max = 8192,
		.memory = 64 << 20,
		.seconds = 60,
		.fd = -1,
	};
}

static void run_well(const struct confined_job *job, struct confined_result *result)
{
	char *why = NULL;

	if (confined__run(job, result, &why))
		fail_msg("%s", why);
}

static void fails(const struct confined_job *job, int err, const char *text)
{
	struct confined_result result;
	char *why = NULL;

	assert_int_equal(confined__run(job, &result, &why), err);
	assert_null(result.data);
	if (!why || !strstr(why, text) || strchr(why, '\n'))
		fail_msg("\"%s\" does not say \"%s\" on one line", why, text);
	free(why);
	confined__release(&result);
}

/* ---- results -------------------------------------------------------------------------------- */

static int64_t fill(void *ctx, void *out, size_t max, char *why)
{
	memset(out, *(char *)ctx, max);
	return max;
}

static void test_result(void **state)
{
	char byte = 'x';
	struct confined_job job = job_of(fill, &byte);
	struct confined_result result;
	const char *data;

	run_well(&job, &result);
	data = result.data;
	assert_int_equal(result.size, 8192);
	assert_int_equal(data[0], 'x');
	assert_int_equal(data[8191], 'x');
	assert_int_equal(result.nfds, 0);
	confined__release(&result);
	confined__release(&result);
}

static int64_t say_more(void *ctx, void *out, size_t max, char *why)
{
	return max + 1;
}

static int64_t refuse(void *ctx, void *out, size_t max, char *why)
{
	strcpy(why, "no\nand \x1b[31mno");
	return -ENOENT;
}

static int64_t refuse_silently(void *ctx, void *out, size_t max, char *why)
{
	return -EIO;
}

static int64_t refuse_without_end(void *ctx, void *out, size_t max, char *why)
{
	memset(why, 'y', CONFINED_WHY);
	return INT64_MIN;
}

static void test_refusals(void **state)
{
	struct confined_job job = job_of(say_more, NULL);

	fails(&job, -EMSGSIZE, "the job returned more than 8192 bytes");
	job = job_of(refuse, NULL);
	fails(&job, -ENOENT, "no?and ?[31mno");
	job = job_of(refuse_silently, NULL);
	fails(&job, -EIO, "the job failed: Input/output error");
	job = job_of(refuse_without_end, NULL);
	fails(&job, -EFAULT, "yyyy");
}

/* ---- limits --------------------------------------------------------------------------------- */

/* Before a trap, AddressSanitizer reads the stack's limits, which the child may not. */
__attribute__((no_sanitize("address", "undefined"))) static int64_t crash(void *ctx, void *out,
									  size_t max, char *why)
{
	__builtin_trap();
}

static int64_t leave(void *ctx, void *out, size_t max, char *why)
{
	return syscall(SYS_exit_group, 3);
}

/* A sanitizer's report of a crash can hang in the child, which has overwritten its data. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_segv=0:handle_sigbus=0:handle_sigill=0";
}

/* A write beyond the shared memory crashes the child. */
__attribute__((no_sanitize("address", "undefined"))) static int64_t overflow(void *ctx, void *out,
									     size_t max, char *why)
{
	for (size_t i = 0; i < (1UL << 40); i += 4096)
		((volatile char *)out)[i] = 1;
	return 0;
}

static void test_crashes(void **state)
{
	struct confined_job job = job_of(crash, NULL);

	fails(&job, -EFAULT, "the job crashed (signal ");
	job = job_of(leave, NULL);
	fails(&job, -EFAULT, "the job failed (exit code 3)");
	job = job_of(overflow, NULL);
	fails(&job, -EFAULT, "the job ");
}

static int64_t take_memory(void *ctx, void *out, size_t max, char *why)
{
	for (int i = 0; i < 100; i++)
		if (mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		    MAP_FAILED)
			return i < 8 ? -EBADE : -ENOMEM;
	return 0;
}

static void test_memory(void **state)
{
	struct confined_job job = job_of(take_memory, NULL);

	fails(&job, -ENOMEM, "the job takes too much memory");
}

static int64_t spin(void *ctx, void *out, size_t max, char *why)
{
	while (*(volatile char *)out == 0)
		;
	return 0;
}

static int64_t wait_for_nothing(void *ctx, void *out, size_t max, char *why)
{
	char byte;

	return read(*(int *)ctx, &byte, 1);
}

static void test_time(void **state)
{
	int pipe_ends[2];
	struct confined_job job = job_of(spin, NULL);

	job.seconds = 0.1;
	fails(&job, -ETIMEDOUT, "the job took longer than 0.1 s");
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	job = job_of(wait_for_nothing, &pipe_ends[0]);
	job.fd = pipe_ends[0];
	job.seconds = 0.1;
	fails(&job, -ETIMEDOUT, "the job took longer than 0.1 s");
	/* They did not remain open. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* It cannot use the system. Each line is the result of one call. */
static int64_t try_everything(void *ctx, void *out, size_t max, char *why)
{
	int fd = *(int *)ctx, *r = out, n = 0;
	char byte;

	r[n++] = pread(fd, &byte, 1, 0) == 1 ? 0 : errno;
	r[n++] = open("/dev/null", O_RDONLY) < 0 ? errno : 0;
	r[n++] = write(STDERR_FILENO, "x", 1) < 0 ? errno : 0;
	r[n++] = socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
	r[n++] = kill(getppid(), 0) ? errno : 0;
	r[n++] = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 ? errno : 0;
	r[n++] = execl("/bin/true", "true", NULL) ? errno : 0;
	r[n++] = write(fd, "x", 1) < 0 ? errno : 0;
	return n * sizeof(*r);
}

static void test_rights(void **state)
{
	__cleanup_close int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct confined_job job = job_of(try_everything, &fd);
	struct confined_result result;
	const int *r;

	job.fd = fd;
	run_well(&job, &result);
	r = result.data;
	assert_int_equal(result.size, 8 * sizeof(*r));
	assert_int_equal(r[0], 0);
	assert_int_equal(r[1], EPERM);
	assert_int_equal(r[2], EBADF);
	for (int i = 3; i < 7; i++)
		assert_int_equal(r[i], EPERM);
	assert_int_equal(r[7], EBADF);
	confined__release(&result);
}

/* ---- what it reads -------------------------------------------------------------------------- */

static int64_t give_null(void *ctx, void *out, size_t max, char *why)
{
	return confined__give(open("/dev/null", O_RDWR | O_CLOEXEC));
}

static void test_gift(void **state)
{
	struct confined_job job = job_of(give_null, NULL);
	struct confined_result result;

	job.finds_files = true;
	run_well(&job, &result);
	assert_int_equal(result.nfds, 1);
	assert_int_equal(write(result.fds[0], "x", 1), 1);
	assert_true(fcntl(result.fds[0], F_GETFD) & FD_CLOEXEC);
	confined__release(&result);
}

static void test_in_the_background(void **state)
{
	int pipe_ends[2];
	struct confined_job job;
	struct confined_result result;
	struct confined *c;
	char *why = NULL;

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	job = job_of(wait_for_nothing, &pipe_ends[0]);
	job.fd = pipe_ends[0];
	assert_int_equal(confined__start(&job, &c, &why), 0);
	assert_int_equal(confined__finish(c, 0, &result, &why), -EAGAIN);
	assert_int_equal(write(pipe_ends[1], "x", 1), 1);
	assert_int_equal(confined__finish(c, 60, &result, &why), 0);
	assert_int_equal(result.size, 1);
	confined__release(&result);

	assert_int_equal(confined__start(&job, &c, &why), 0);
	confined__abandon(c);
	confined__abandon(NULL);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),	cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_crashes), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_time),	cmocka_unit_test(test_rights),
		cmocka_unit_test(test_gift),	cmocka_unit_test(test_in_the_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
