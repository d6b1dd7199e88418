/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a server is left with. The kernel's part is layered, so that one that is missing (a
 * container without CAP_SETUID, say) leaves the others: user, capabilities, no_new_privs, system
 * calls.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "process/privs.h"

#define USER   "retprobe_exporter" /* as the packages make it */
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
		log_warn(
			"the server stays root, without capabilities: should it be taken over, its "
			"system call filter alone keeps it from what is root's; give the exporter "
			"CAP_SETUID and CAP_SETGID");
	}
	return 0;
}

/* So that no program could get them back; fails where that may not be done. */
static void drop_bounding_set(void)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	return syscall(SYS_capset, &head, none) ? -errno : 0;
}

/*
 * Not here: RLIMIT_NPROC counts all processes of the user, other daemons' that run as nobody, too,
 * and privs__settle() ends the making of threads anyhow. RLIMIT_DATA and RLIMIT_AS: what large
 * answers take depends on how much is probed, and a limit that suits all is none; a unit's or a
 * container's limit of memory is for both processes.
 */
static const struct {
	int what;
	rlim_t most;
} limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_FSIZE, 0 },
	{ RLIMIT_NOFILE, PRIVS_FILES },
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

void privs__keep_secrets(void)
{
	const struct rlimit none = {};

	setrlimit(RLIMIT_CORE, &none);
	/* A program that takes core dumps is not bound by that. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int privs__renounce(void)
{
	pid_t parent = getppid();
	int err;

	drop_bounding_set(); /* while there is the capability to do it */
	err = limit();
	if (!err)
		err = become_nobody();
	if (!err)
		err = drop_capabilities();
	/* Not before: a change of user undoes it. */
	if (!err && prctl(PR_SET_PDEATHSIG, SIGKILL))
		err = -errno;
	if (!err && getppid() != parent)
		err = -ESRCH;
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	privs__keep_secrets();
	return err;
}

int privs__confine(const int *listeners, size_t n)
{
	int err = privs__renounce();

	return err ? err : privs__filter(listeners, n);
}

static bool is_kept(const int *keep, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return true;
	return fd <= STDERR_FILENO;
}

void privs__close_others(const int *keep, size_t n)
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
