/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"

#define FIRST_BYTES (16 << 10)

/* Makes room for more and the NUL. Growing leaves no copy of a secret. */
static int make_room(struct buf *b, bool secret)
{
	struct buf larger = {};

	if (b->cap - b->len > 1)
		return 0;
	if (secret && b->len) {
		buf__reserve(&larger, 2 * b->cap);
		buf__append(&larger, b->data, b->len);
		buf__free_secret(b);
		*b = larger;
	}
	return buf__reserve(b, FIRST_BYTES) ? 0 : -ENOMEM;
}

/* The file may be growing, so its size tells nothing. */
static int read_all(int fd, const struct file_reading *how, struct buf *b)
{
	ssize_t n = 1;
	int err;

	while (n) {
		err = how->await ? how->await(how->ctx, fd) : 0;
		if (!err)
			err = make_room(b, how->secret);
		if (err)
			return err;
		n = TEMP_FAILURE_RETRY(read(fd, b->data + b->len, b->cap - b->len - 1));
		if (n < 0 && !(how->await && errno == EAGAIN))
			return -errno;
		b->len += n > 0 ? n : 0;
		if (how->max && b->len > how->max)
			return -EFBIG;
	}
	b->data[b->len] = '\0';
	return 0;
}

int file__read_fd(int fd, const struct file_reading *how, char **out, size_t *len)
{
	struct buf b = {};
	int err = read_all(fd, how, &b);

	if (err) {
		buf__free_secret(&b);
		return err;
	}
	*out = b.data;
	if (len)
		*len = b.len;
	return 0;
}

int file__read(int dir, const char *path, size_t max, char **out, size_t *len)
{
	__cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : file__read_fd(fd, &(struct file_reading){ .max = max }, out, len);
}

ssize_t file__read_head(int dir, const char *path, char *out, size_t size)
{
	__cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(read(fd, out, size - 1));

	out[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -errno : n;
}
