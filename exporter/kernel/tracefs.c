/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/file.h"

#define FORMAT_MAX (64 << 10)
#define EVENTS_MAX (4 << 20)

/* From linux/mount.h, which does not go together with sys/mount.h on every libc. */
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC	    0x00000001
#define FSMOUNT_CLOEXEC	    0x00000001
#define FSCONFIG_CMD_CREATE 6
#endif

static int open_mounted(const char *path, long magic)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (!fstatfs(fd, &fs) && fs.f_type == magic)
		return fd;
	close(fd);
	return -ENOENT;
}

int tracefs__open_private(const char *type)
{
	__cleanup_close int fs = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int tracefs__open(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	int denied = 0, fd;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		fd = open_mounted(places[i], TRACEFS_MAGIC);
		if (fd >= 0)
			return fd;
		if (fd == -EACCES)
			denied = fd;
	}
	return denied ? denied : tracefs__open_private("tracefs");
}

int tracefs__open_debugfs(void)
{
	int fd = open_mounted("/sys/kernel/debug", DEBUGFS_MAGIC);

	return fd == -ENOENT ? tracefs__open_private("debugfs") : fd;
}

int tracefs__open_securityfs(void)
{
	int fd = open_mounted("/sys/kernel/security", SECURITYFS_MAGIC);

	return fd == -ENOENT ? tracefs__open_private("securityfs") : fd;
}

int tracefs__event_id(int tracefs, const char *group, const char *event)
{
	__cleanup_free char *path = xasprintf("events/%s/%s/id", group, event);
	char text[16];
	ssize_t n = file__read_head(tracefs, path, text, sizeof(text));

	return n > 0 ? atoi(text) : n < 0 ? (int)n : -EIO;
}

char *tracefs__event_format(int tracefs, const char *group, const char *event)
{
	__cleanup_free char *path = xasprintf("events/%s/%s/format", group, event);
	char *text;

	return tracefs >= 0 && !file__read(tracefs, path, FORMAT_MAX, &text, NULL) ? text : NULL;
}

char *tracefs__events(int tracefs)
{
	char *text;

	return tracefs >= 0 && !file__read(tracefs, "available_events", EVENTS_MAX, &text, NULL)
		       ? text
		       : NULL;
}

int tracefs__append(int tracefs, const char *file, const char *line)
{
	/* Not fopen(..., "a"): these files cannot be seeked to their end. */
	__cleanup_close int fd = openat(tracefs, file, O_WRONLY | O_APPEND | O_CLOEXEC);
	size_t len = strlen(line);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = TEMP_FAILURE_RETRY(write(fd, line, len));
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}
