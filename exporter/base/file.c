/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>

#define FIRST_BYTES (16 << 10)

struct text {
	char *data;
	size_t len, cap; /* cap is without the NUL */
};

static void drop(struct text *t, bool secret)
{
	if (t->data && secret)
		explicit_bzero(t->data, t->len);
	free(t->data);
	*t = (struct text){};
}

static int grow(struct text *t, bool secret)
{
	struct text larger = { .len = t->len, .cap = t->cap ? t->cap * 2 : FIRST_BYTES };

	larger.data = secret ? malloc(larger.cap + 1) : realloc(t->data, larger.cap + 1);
	if (!larger.data)
		return -ENOMEM;
	if (secret) {
		if (t->len)
			memcpy(larger.data, t->data, t->len);
		drop(t, true);
	}
	*t = larger;
	return 0;
}

/* The file may be growing, so its size tells nothing. */
static int read_all(int fd, const struct file_reading *how, struct text *t)
{
	ssize_t n = 1;
	int err;

	while (n) {
		err = how->await ? how->await(how->ctx, fd) : 0;
		if (!err && t->len == t->cap)
			err = grow(t, how->secret);
		if (err)
			return err;
		n = TEMP_FAILURE_RETRY(read(fd, t->data + t->len, t->cap - t->len));
		if (n < 0 && !(how->await && errno == EAGAIN))
			return -errno;
		t->len += n > 0 ? n : 0;
		if (how->max && t->len > how->max)
			return -EFBIG;
	}
	t->data[t->len] = '\0';
	return 0;
}

int file__read_fd(int fd, const struct file_reading *how, char **out, size_t *len)
{
	struct text t = {};
	int err = read_all(fd, how, &t);

	if (err) {
		drop(&t, how->secret);
		return err;
	}
	*out = t.data;
	if (len)
		*len = t.len;
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
