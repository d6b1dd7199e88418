/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * There are several layers: user, capabilities, no_new_privs, system calls. If one is not available
 * (a container without CAP_SETUID, say), the others remain.
 */
#include "process/confine.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "kernel/machine.h"

#define USER   "retprobe_exporter" /* created by the packages */
#define NOBODY 65534

static int become_nobody(void)
{
	const struct passwd *user = getpwnam(USER);
	uid_t uid = user ? user->pw_uid : NOBODY;
	gid_t gid = user ? user->pw_gid : NOBODY;

	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) {
		int err = -errno;

		if (err != -EPERM)
			return err;
		log_warn("the server stays root, without capabilities: if it is compromised, only "
			 "its system call filter protects root's files; give the exporter "
			 "CAP_SETUID and CAP_SETGID");
	}
	return 0;
}

/*
 * Not limited: RLIMIT_NPROC, which counts all processes of the user, those of other daemons that
 * run as nobody included; seccomp__forbid_threads() does more. RLIMIT_DATA and RLIMIT_AS, because
 * the size of answers depends on the number of probes. The memory limit of a unit or a container
 * is for both processes.
 */
static const struct {
	int what;
	rlim_t most;
} limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_FSIZE, 0 },
	{ RLIMIT_NOFILE, CONFINE_FILES },
};

static int limit(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit r;

		if (getrlimit(limits[i].what, &r))
			return -errno;
		if (r.rlim_max > limits[i].most)
			r.rlim_max = limits[i].most;
		if (r.rlim_cur > r.rlim_max)
			r.rlim_cur = r.rlim_max;
		if (setrlimit(limits[i].what, &r))
			return -errno;
	}
	return 0;
}

void confine__keep_secrets(void)
{
	const struct rlimit none = {};

	setrlimit(RLIMIT_CORE, &none);
	/* RLIMIT_CORE does not bind programs in core_pattern. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int confine__drop_privileges(void)
{
	pid_t parent = getppid();
	int err = limit();

	if (!err)
		err = machine__drop_capabilities(become_nobody);
	/* After the change of user, which resets it. */
	if (!err && prctl(PR_SET_PDEATHSIG, SIGKILL))
		err = -errno;
	if (!err && getppid() != parent)
		err = -ESRCH;
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	confine__keep_secrets();
	return err;
}

static bool is_kept(const int *keep, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return true;
	return fd <= STDERR_FILENO;
}

void confine__close_others(const int *keep, size_t n)
{
	DIR *dir = opendir("/proc/self/fd");

	if (!dir) {
		for (int fd = 0; fd < sysconf(_SC_OPEN_MAX); fd++)
			if (!is_kept(keep, n, fd))
				close(fd);
		return;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		int fd = d->d_name[0] == '.' ? -1 : atoi(d->d_name);

		if (fd >= 0 && fd != dirfd(dir) && !is_kept(keep, n, fd))
			close(fd);
	}
	closedir(dir);
}
