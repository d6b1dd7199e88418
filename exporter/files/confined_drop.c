/* SPDX-License-Identifier: GPL-2.0-only */
/* Layers, as for the server (process/confine.c): where one is not available (a container without
 * CAP_SETUID), the others hold. */
#include "files/confined_drop.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kernel/machine.h"

#define NOBODY	  65534
#define FILES_MAX 64 /* open at a time, in a child that finds files */

static void close_range_of(unsigned int first, unsigned int last)
{
	long max;

	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	/* Sandboxes older than Linux 5.9 refuse close_range(2). */
	max = sysconf(_SC_OPEN_MAX);
	for (unsigned int fd = first; fd <= last && fd < (unsigned long)max; fd++)
		close(fd);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes the standard ones, too: the parent's buffered output must not be written twice. */
static void close_all_but(int *kept, size_t n)
{
	unsigned int next = 0;

	qsort(kept, n, sizeof(*kept), by_number);
	for (size_t i = 0; i < n; i++) {
		if (kept[i] < 0)
			continue;
		if ((unsigned int)kept[i] > next)
			close_range_of(next, kept[i] - 1);
		next = kept[i] + 1;
	}
	close_range_of(next, ~0U);
}

static uint64_t address_space(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (!f || fscanf(f, "%llu", &pages) != 1)
		return 0;
	return pages * sysconf(_SC_PAGESIZE);
}

static int limit(int what, uint64_t value)
{
	struct rlimit l = { value, value };

	return setrlimit(what, &l) ? -errno : 0;
}

static int limit_resources(const struct confined_job *job, uint64_t used)
{
	/* SIGXCPU at the one, SIGKILL at the other. */
	struct rlimit cpu = { (rlim_t)job->seconds + 1, (rlim_t)job->seconds + 2 };
	int err = used ? limit(RLIMIT_AS, used + job->memory) : 0;

	if (!err)
		err = limit(RLIMIT_CORE, 0);
	if (!err)
		err = limit(RLIMIT_FSIZE, 0);
	if (!err)
		err = limit(RLIMIT_NOFILE, job->finds_files ? FILES_MAX : 0);
	if (!err && setrlimit(RLIMIT_CPU, &cpu))
		err = -errno;
	return err;
}

static int become_nobody(void)
{
	if (!geteuid() && !setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	    setresuid(NOBODY, NOBODY, NOBODY) && errno != EPERM)
		return -errno;
	return 0;
}

/* Computing, allocating, and reading open descriptors. */
static const int allowed[] = {
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(futex),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(write),
#ifdef __x86_64__
	335, /* uretprobe, the kernel's own call at a probed return; some kernels filter it (6.11)
	      */
#endif
};

static int restrict_system_calls(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	const uint32_t exec = PROT_EXEC;
	int err = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
	if (!err)
		err = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	return err;
}

/* Signals end the child, even those that the parent handles. So does the alarm, where the parent
 * may not kill it (no CAP_KILL). */
static void let_signals_through(const struct confined_job *job)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGPIPE)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm((unsigned int)job->seconds + 2);
}

int confined__drop(const struct confined_job *job, int channel)
{
	int kept[] = { job->fd, job->also ? *job->also : -1, channel };
	uint64_t used = address_space();
	pid_t parent = getppid();
	int err;

	let_signals_through(job);
	close_all_but(kept, ARRAY_SIZE(kept));
	err = limit_resources(job, used);
	if (!err && !job->finds_files)
		err = machine__drop_capabilities(become_nobody);
	/* Only now, as a change of user resets it. */
	if (!err && prctl(PR_SET_PDEATHSIG, SIGKILL))
		err = -errno;
	if (!err && getppid() != parent)
		err = -ESRCH;
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	if (!err && !job->finds_files)
		err = restrict_system_calls();
	return err;
}
