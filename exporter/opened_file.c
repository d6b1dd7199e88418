/* SPDX-License-Identifier: GPL-2.0-only */
#include "opened_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "confined.h"

#define OPEN_SECONDS 3.0

/* What the child finds. */
struct found {
	struct file_id id;
	int64_t ctime_ns;
};

static int64_t nanoseconds(const struct statx_timestamp *t)
{
	return t->tv_sec * 1000000000LL + t->tv_nsec;
}

/* What is known of it, without a word to a file server that might not answer. */
static int look_at(int fd, int sync, struct statx *st)
{
	return statx(fd, "", AT_EMPTY_PATH | sync, STATX_BASIC_STATS, st) ? -errno : 0;
}

static struct found found_of(const struct statx *st)
{
	return (struct found){
		.id = {
			.dev = (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor,
			.ino = st->stx_ino,
			.mtime_ns = nanoseconds(&st->stx_mtime),
			.size = st->stx_size,
		},
		.ctime_ns = nanoseconds(&st->stx_ctime),
	};
}

struct file_id file_id__of(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &st))
		return (struct file_id){};
	return found_of(&st).id;
}

bool file_id__same(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->mtime_ns == b->mtime_ns &&
	       a->size == b->size;
}

/* ---- in the child --------------------------------------------------------------------------- */

/* Whether it is the link by which procfs shows a process's root. */
static bool is_process_root(const char *path)
{
	__cleanup_close int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct statx st;

	return fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC &&
	       !look_at(fd, AT_STATX_DONT_SYNC, &st) && S_ISLNK(st.stx_mode);
}

/* The root that the path goes through, if it does, and where the rest begins; else -1. */
static int open_root(const char *path, const char **rest)
{
	static const char name[] = "/root";

	for (const char *p = path; (p = strstr(p, name)); p++) {
		const char *end = p + strlen(name);
		__cleanup_free char *root = xstrndup(path, end - path);

		if (*end != '/' || !is_process_root(root))
			continue;
		*rest = end + strspn(end, "/");
		return open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return -1;
}

static int find(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	const char *rest = NULL;
	__cleanup_close int root = open_root(path, &rest);
	int fd;

	if (rest && root < 0)
		return -errno;
	if (rest)
		fd = syscall(SYS_openat2, root, rest, &how, sizeof(how));
	else
		fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int64_t refuse(char *why, const char *fmt, const char *path, int err)
{
	snprintf(why, CONFINED_WHY, fmt, path, strerror(err));
	return -ENOENT;
}

/* Only looked at, until it is known to be a file: opening a device may set something off. */
static int64_t open_in_child(void *ctx, void *out, size_t max, char *why)
{
	const char *path = ctx;
	__cleanup_close int found = find(path), file = -1;
	char again[32];
	struct statx st;
	int err;

	if (found == -ENOENT)
		return refuse(why, "there is no file %s", path, 0);
	if (found < 0)
		return refuse(why, "cannot read %s: %s", path, -found);
	err = look_at(found, 0, &st);
	if (err)
		return refuse(why, "cannot read %s: %s", path, -err);
	if (!S_ISREG(st.stx_mode))
		return refuse(why, "%s is not a file: name a program or a library", path, 0);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	file = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return refuse(why, "cannot read %s: %s", path, errno);
	err = look_at(file, 0, &st);
	if (!err)
		err = confined__give(file);
	if (err)
		return refuse(why, "cannot read %s: %s", path, -err);
	*(struct found *)out = found_of(&st);
	return sizeof(struct found);
}

/* ---- the caller ----------------------------------------------------------------------------- */

int opened_file__open(const char *path, struct opened_file **out, char **why)
{
	__cleanup_free char *what = xasprintf("opening %s", path);
	struct confined_job job = {
		.run = open_in_child,
		.ctx = (void *)path,
		.what = what,
		.max = sizeof(struct found),
		.memory = 16 << 20,
		.seconds = OPEN_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	struct confined_result result;
	struct opened_file *f;
	int err = confined__run(&job, &result, why);

	if (err)
		return err;
	if (result.fd < 0 || result.size != sizeof(struct found)) {
		confined__release(&result);
		*why = xasprintf("%s failed", what);
		return -ENOENT;
	}
	f = xcalloc(1, sizeof(*f));
	f->refs = 1;
	f->fd = result.fd;
	f->id = ((const struct found *)result.data)->id;
	f->ctime_ns = ((const struct found *)result.data)->ctime_ns;
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	result.fd = -1;
	confined__release(&result);
	*out = f;
	return 0;
}

struct opened_file *opened_file__ref(struct opened_file *f)
{
	f->refs++;
	return f;
}

void opened_file__unref(struct opened_file *f)
{
	if (!f || --f->refs)
		return;
	close(f->fd);
	free(f);
}

bool opened_file__is_unchanged(const struct opened_file *f)
{
	struct statx st;
	struct found now;

	if (look_at(f->fd, AT_STATX_DONT_SYNC, &st))
		return false;
	now = found_of(&st);
	return file_id__same(&now.id, &f->id) && now.ctime_ns == f->ctime_ns;
}
