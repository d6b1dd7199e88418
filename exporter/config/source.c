/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of a configuration file. It may be a pipe, as of `--config.file=<(command)`, but one
 * that nobody writes to must not stop a process that has other things to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "config/internal.h"
#include "base/progress.h"

#define PATIENCE 5.0 /* seconds, all of it */
#define SLICE_MS 100

static bool is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Looks before it opens: to open a device can do things. */
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

static int await(int fd, double until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, SLICE_MS) <= 0) {
		if (progress__poll())
			return -ECANCELED;
		if (monotonic_seconds() >= until)
			return -ETIMEDOUT;
	}
	return 0;
}

int config_source__read(const char *path, size_t max, char **out, size_t *len)
{
	__cleanup_free char *text = xcalloc(max + 1, 1);
	__cleanup_close int fd = open_source(path);
	double until = monotonic_seconds() + PATIENCE;
	int err = fd < 0 ? fd : 0;
	ssize_t n = 1;

	*len = 0;
	while (!err && n && *len <= max) {
		err = await(fd, until);
		if (err)
			break;
		n = TEMP_FAILURE_RETRY(read(fd, text + *len, max + 1 - *len));
		if (n < 0 && errno != EAGAIN)
			err = -errno;
		*len += n > 0 ? n : 0;
	}
	if (!err && *len > max)
		err = -EFBIG;
	if (!err)
		*out = take_ptr(text);
	return err;
}
