/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/finder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define LINKS_MAX 40 /* as the kernel's */

bool file_id__same(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->mtime_ns == b->mtime_ns &&
	       a->size == b->size;
}

static int64_t nanoseconds(const struct statx_timestamp *t)
{
	return t->tv_sec * 1000000000LL + t->tv_nsec;
}

int file_finder__look(int fd, bool asks, struct file_state *out)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | (asks ? 0 : AT_STATX_DONT_SYNC), STATX_BASIC_STATS, &st))
		return -errno;
	*out = (struct file_state){
		.id = {
			.dev = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
			.ino = st.stx_ino,
			.mtime_ns = nanoseconds(&st.stx_mtime),
			.size = st.stx_size,
		},
		.ctime_ns = nanoseconds(&st.stx_ctime),
		.mode = st.stx_mode,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
	};
	return 0;
}

/* ---- looking up ----------------------------------------------------------------------------- */

static bool is_in_procfs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

/* Whether the path is procfs's link to the root of a process. */
static bool is_process_root(const char *path)
{
	__cleanup_close int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct file_state st;

	return fd >= 0 && is_in_procfs(fd) && !file_finder__look(fd, false, &st) &&
	       S_ISLNK(st.mode);
}

size_t file_finder__root(const char *path)
{
	static const char name[] = "/root";

	for (const char *p = path; (p = strstr(p, name)); p++) {
		const char *end = p + strlen(name);
		__cleanup_free char *root = xstrndup(path, end - path);

		if (*end == '/' && is_process_root(root))
			return end - path;
	}
	return 0;
}

/* Opens the root that a path goes through; *rest is the path in it. Without one, opens our own. */
static int open_root(const char *path, const char **rest)
{
	size_t len = file_finder__root(path);
	__cleanup_free char *root = xstrndup(path, len);

	*rest = path + len;
	if (len) {
		*rest += strspn(*rest, "/");
		return open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int file_finder__find(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	const char *rest;
	__cleanup_close int root = open_root(path, &rest);
	int fd;

	if (root < 0)
		return -errno;
	if (rest == path)
		fd = open(path, O_PATH | O_CLOEXEC);
	else
		fd = syscall(SYS_openat2, root, rest, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

static bool name_of(int fd, char *out, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = fd < 0 ? -1 : readlink(link, out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
	return n > 0 && n < (ssize_t)size - 1;
}

bool file_finder__resolve(const char *path, char *out, size_t size)
{
	const char *rest;
	__cleanup_close int root = open_root(path, &rest), fd = file_finder__find(path);
	__cleanup_free char *top = xcalloc(size, 1);
	size_t len;

	if (!name_of(fd, out, size) || out[0] != '/')
		return false;
	/* The root of another process is a directory to us. */
	if (rest == path || !name_of(root, top, size))
		return true;
	len = strlen(top);
	if (len > 1 && !strncmp(out, top, len) && out[len] == '/')
		memmove(out, out + len, strlen(out + len) + 1);
	return true;
}

/* ---- write access of others ----------------------------------------------------------------- */

/* A walk along a path: the current directory, and the components that remain. */
struct walk {
	int root, at;
	char rest[2 * PATH_MAX];
	int links;
	bool trusts_mounts;
};

static bool is_read_only(int fd)
{
	struct statvfs fs;

	return !fstatvfs(fd, &fs) && fs.f_flag & ST_RDONLY;
}

static void judge(const struct file_state *st, const char *name, char *out, size_t size)
{
	bool directory = S_ISDIR(st->mode), sticky = directory && st->mode & S_ISVTX;
	const char *what = directory ? "the directory " : "the file ";

	if (st->uid && st->uid != geteuid())
		snprintf(out, size, "%s%.200s belongs to user %u", what, name, st->uid);
	else if (st->mode & S_IWOTH && !sticky)
		snprintf(out, size, "%s%.200s can be written by everybody", what, name);
	else if (st->mode & S_IWGRP && st->gid && !sticky)
		snprintf(out, size, "%s%.200s can be written by group %u", what, name, st->gid);
}

/* Puts a link's target in front of the rest. False: it cannot be followed. */
static bool follow(struct walk *w, int link)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);
	__cleanup_free char *rest = xstrdup(w->rest);

	if (n <= 0 || ++w->links > LINKS_MAX || is_in_procfs(link))
		return false;
	target[n] = '\0';
	if (target[0] == '/') {
		cleanup__close(&w->at);
		w->at = fcntl(w->root, F_DUPFD_CLOEXEC, 0);
	}
	return snprintf(w->rest, sizeof(w->rest), "%s/%s", target, rest) < (int)sizeof(w->rest);
}

/* Takes one component. False: the walk is over. */
static bool step(struct walk *w, char *out, size_t size)
{
	char *name = w->rest + strspn(w->rest, "/"), *end = name + strcspn(name, "/");
	__cleanup_free char *component = xstrndup(name, end - name);
	struct file_state st;
	int fd;

	if (!*component)
		return false;
	memmove(w->rest, end, strlen(end) + 1);
	fd = openat(w->at, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || file_finder__look(fd, true, &st)) {
		cleanup__close(&fd);
		return false;
	}
	if (S_ISLNK(st.mode)) {
		bool goes_on = follow(w, fd);

		close(fd);
		return goes_on;
	}
	if (!w->trusts_mounts || !is_read_only(fd))
		judge(&st, component, out, size);
	cleanup__close(&w->at);
	w->at = fd;
	return !*out;
}

void file_finder__weakness(const char *path, bool trusts_mounts, char *out, size_t size)
{
	struct walk w = { .at = -1, .trusts_mounts = trusts_mounts };
	const char *rest;

	*out = '\0';
	w.root = open_root(path, &rest);
	w.at = fcntl(w.root, F_DUPFD_CLOEXEC, 0);
	if (snprintf(w.rest, sizeof(w.rest), "%s", rest) < (int)sizeof(w.rest))
		while (step(&w, out, size))
			;
	cleanup__close(&w.at);
	cleanup__close(&w.root);
}
