/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/self.h"
#include "kernel/cgroupfs.h"
#include "kernel/tracefs.h"

/* The value of NAME in /proc/self/status, in base 16 or 10; 0 if missing. */
static uint64_t status_value(const char *name, int base)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(name);
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			return strtoull(line + len + 1, NULL, base);
	return 0;
}

uint64_t machine__capabilities(void)
{
	return status_value("CapEff", 16);
}

int machine__drop_capabilities(int (*change_user)(void))
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
	int err;

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* needs CAP_SETPCAP */
	err = change_user();
	if (err)
		return err;
	return syscall(SYS_capset, &head, none) ? -errno : 0;
}

/* "none integrity [confidentiality]": the level in force is in brackets. */
bool machine__is_confidential(void)
{
	__cleanup_close int securityfs = tracefs__open_securityfs();
	char text[128];

	return securityfs >= 0 && file__read_head(securityfs, "lockdown", text, sizeof(text)) > 0 &&
	       strstr(text, "[confidentiality]");
}

#define PROC_PID_INIT_INO 0xeffffffcU /* include/linux/proc_ns.h */

bool machine__is_initial_pid_namespace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == PROC_PID_INIT_INO;
}

static int paranoia(void)
{
	static const char path[] = "/proc/sys/kernel/perf_event_paranoid";
	char text[32];

	return file__read_head(AT_FDCWD, path, text, sizeof(text)) > 0 ? atoi(text) : INT_MIN;
}

static uint64_t limit_of(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return MACHINE_UNLIMITED;
	return limit.rlim_cur;
}

/* The lowest limit of the cgroup and of the visible cgroups above it. */
static uint64_t memory_limit(void)
{
	__cleanup_free char *mount = cgroupfs__mount_point(), *path = NULL;
	__cleanup_fclose FILE *f = fopen("/proc/self/cgroup", "re");
	uint64_t lowest = MACHINE_UNLIMITED;
	char line[4352];

	while (mount && f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "0::/", 4))
			path = xasprintf("%s/%.*s", mount, (int)strcspn(line + 4, "\n"), line + 4);
	while (path && strlen(path) > strlen(mount)) {
		__cleanup_free char *file = xasprintf("%s/memory.max", path);
		uint64_t bytes;

		if (file__read_head(AT_FDCWD, file, line, sizeof(line)) > 0 &&
		    sscanf(line, "%" SCNu64, &bytes) == 1 && bytes < lowest)
			lowest = bytes;
		*strrchr(path, '/') = '\0';
	}
	return lowest;
}

void machine__look(struct machine *m)
{
	*m = (struct machine){
		.capabilities = machine__capabilities(),
		.confidential = machine__is_confidential(),
		.seccomp = status_value("Seccomp", 10) == 2,
		.paranoid = paranoia(),
		.files = limit_of(RLIMIT_NOFILE),
		.files_open = self__count_fds(getpid()),
		.locked = limit_of(RLIMIT_MEMLOCK),
		.memory = memory_limit(),
	};
}
