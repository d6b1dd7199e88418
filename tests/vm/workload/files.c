/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls on files. */
#include <fcntl.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "workload.h"

long unlink_missing(struct worker *w, long i)
{
	return unlink("/tmp/retprobe-no-such-file");
}

static int prepare_path(struct worker *w)
{
	snprintf(w->path, sizeof(w->path), "/tmp/retprobe-%d-%d", getpid(), w->number);
	return 0;
}

static void make_file(struct worker *w)
{
	int fd = open(w->path, O_CREAT | O_WRONLY, 0600);

	if (fd < 0)
		die(w->path);
	close(fd);
}

static long unlink_existing(struct worker *w, long i)
{
	return unlink(w->path);
}

static int open_zero(void)
{
	shared_fd = open("/dev/zero", O_RDONLY);
	return shared_fd;
}

static long read_zero(struct worker *w, long i)
{
	char buf[4096];

	return read(shared_fd, buf, atoi(argument));
}

/* By the function that all kernels have under one name. arm64's KVM has another read_zero(). */
static long readv_zero(struct worker *w, long i)
{
	char buf[4096];
	struct iovec to = { buf, atoi(argument) };

	return readv(shared_fd, &to, 1);
}

/* argument: the path. */
static long list_xattrs(struct worker *w, long i)
{
	return listxattr(argument, NULL, 0);
}

static int open_file(void)
{
	shared_fd = open(argument, O_RDONLY);
	return shared_fd;
}

static int create_file(void)
{
	shared_fd = open(argument, O_WRONLY | O_CREAT, 0600);
	return shared_fd;
}

static long read_byte(struct worker *w, long i)
{
	char byte;

	return pread(shared_fd, &byte, 1, 0);
}

static long write_byte(struct worker *w, long i)
{
	return pwrite(shared_fd, "x", 1, 0);
}

/* Each call of both has a different result. */
static long preadv_many(struct worker *w, long i)
{
	char answer[4096];

	return preadv(shared_fd, &(struct iovec){ answer, call_number(w, i) }, 1, 0);
}

static long lseek_many(struct worker *w, long i)
{
	return lseek(shared_fd, call_number(w, i), SEEK_SET);
}

const struct operation file_operations[] = {
	{ "unlink-missing", .call = unlink_missing },
	{ "unlink-existing", .call = unlink_existing, .prepare = prepare_path,
	  .before = make_file },
	{ "read-zero", .call = read_zero, .set_up = open_zero },
	{ "readv-zero", .call = readv_zero, .set_up = open_zero },
	{ "read-file", .call = read_byte, .set_up = open_file },
	{ "write-file", .call = write_byte, .set_up = create_file },
	{ "listxattr", .call = list_xattrs },
	{ "preadv-many", .call = preadv_many, .set_up = open_zero },
	{ "lseek-many", .call = lseek_many, .set_up = open_file },
	{},
};
