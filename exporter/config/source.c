/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"

#define PATIENCE 5.0 /* seconds for all of it */
#define SLICE_MS 100

static bool is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Checks the type first, as opening a device can have effects. */
static int open_source(const char *path)
{
	__cleanup_close int found = open(path, O_PATH | O_CLOEXEC);
	__cleanup_free char *again = NULL;
	struct stat st;
	int fd;

	if (found < 0 || fstat(found, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !is_null_device(&st))
		return -EINVAL;
	again = xasprintf("/proc/self/fd/%d", found);
	fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int await(void *until, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, SLICE_MS) <= 0) {
		if (progress__poll())
			return -ECANCELED;
		if (monotonic_seconds() >= *(double *)until)
			return -ETIMEDOUT;
	}
	return 0;
}

int config_source__read(const char *path, size_t max, char **out, size_t *len)
{
	__cleanup_close int fd = open_source(path);
	double until = monotonic_seconds() + PATIENCE;
	struct file_reading how = { .max = max, .await = await, .ctx = &until };

	return fd < 0 ? fd : file__read_fd(fd, &how, out, len);
}
