/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file is unchanged while its device, inode, size, mtime and ctime are. Timestamps have a
 * resolution of a few milliseconds, so a file may be written again without a new timestamp. While
 * its timestamps are that recent, it is read each time.
 */
#include "access/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"

#define SETTLED_SECONDS 2

struct web_file {
	char *path;
	struct stat seen; /* when the content was read */
	bool settled;	  /* a change would show in `seen` */
	struct web_text text;
};

struct web_file *web_file__new(const char *path)
{
	struct web_file *f = xcalloc(1, sizeof(*f));

	f->path = xstrdup(path);
	return f;
}

struct web_file *web_file__new_beside(const char *other, const char *path)
{
	const char *slash = strrchr(other, '/');
	__cleanup_free char *joined = NULL;

	if (*path == '/' || !slash)
		return web_file__new(path);
	joined = xasprintf("%.*s/%s", (int)(slash - other), other, path);
	return web_file__new(joined);
}

const char *web_file__path(const struct web_file *f)
{
	return f->path;
}

const struct web_text *web_file__text(const struct web_file *f)
{
	return &f->text;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/* Not settled if the clock is behind the timestamps. */
static bool is_settled(const struct stat *st, time_t now)
{
	return now - st->st_mtim.tv_sec > SETTLED_SECONDS &&
	       now - st->st_ctim.tv_sec > SETTLED_SECONDS;
}

/* Takes the timestamps before it reads the content. */
static int read_file(const char *path, struct stat *st, struct web_text *out)
{
	/* Non-blocking, in case a FIFO has replaced the file. */
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const struct file_reading how = { .max = WEB_FILE_MAX_BYTES, .secret = true };

	if (fd < 0 || fstat(fd, st))
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return file__read_fd(fd, &how, &out->data, &out->len);
}

int web_file__refresh(struct web_file *f)
{
	struct web_text text = { 0 };
	struct stat st;
	int err = 0;

	if (stat(f->path, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode)) /* opening a device can have effects */
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	else if (f->text.data && f->settled && same_stat(&st, &f->seen))
		return 0;
	if (!err)
		err = read_file(f->path, &st, &text);
	if (err) {
		web_text__drop(&f->text);
		return err;
	}

	f->seen = st;
	f->settled = is_settled(&st, time(NULL));
	if (f->text.data && f->text.len == text.len && !memcmp(f->text.data, text.data, text.len)) {
		web_text__drop(&text);
		return 0;
	}
	web_text__drop(&f->text);
	f->text = text;
	return 1;
}

void web_file__free(struct web_file *f)
{
	if (!f)
		return;
	web_text__drop(&f->text);
	free(f->path);
	free(f);
}
