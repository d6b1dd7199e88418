/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/opened_file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "files/confined.h"
#include "files/same_inode.h"

#define OPEN_SECONDS 3.0
#define OPEN_MEMORY  (16 << 20)

struct search {
	opened_file_next *next;
	void *ctx;
	size_t first;
	int found; /* the only file, whose path is next(0); -1: none */
};

/* The child's result. */
struct found {
	struct file_state state;
	size_t index;
	bool opened; /* otherwise why is set */
	bool stacked;
	char path[PATH_MAX], why[PATH_MAX + 128], weakness[256];
};

/* ---- in the child --------------------------------------------------------------------------- */

static void refuse(struct found *f, const char *fmt, int err)
{
	snprintf(f->why, sizeof(f->why), fmt, f->path, strerror(err));
}

/* Checks the type before it opens the file, as opening a device can have effects. found: as from
 * file_finder__find(). */
static void open_found(struct found *f, int found)
{
	__cleanup_close int file = -1;
	char again[32];
	struct statfs fs;
	int err = file_finder__look(found, true, &f->state);

	if (err)
		return refuse(f, "cannot read %s: %s", -err);
	if (!S_ISREG(f->state.mode))
		return refuse(f, "%s is not a file: name a program or a library", 0);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	file = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return refuse(f, "cannot read %s: %s", errno);
	err = file_finder__look(file, true, &f->state);
	if (!err)
		err = confined__give(file);
	if (err)
		return refuse(f, "cannot read %s: %s", -err);
	f->stacked = !fstatfs(file, &fs) && fs.f_type == OVERLAYFS_SUPER_MAGIC;
	f->opened = true;
}

static void open_path(struct found *f)
{
	__cleanup_close int found = file_finder__find(f->path);

	if (found == -ENOENT)
		return refuse(f, "there is no file %s", 0);
	if (found < 0)
		return refuse(f, "cannot read %s: %s", -found);
	open_found(f, found);
	if (f->opened)
		file_finder__weakness(f->path, false, f->weakness, sizeof(f->weakness));
}

static int64_t open_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct search *s = ctx;
	struct found *f = out;

	for (f->index = s->first; s->next(s->ctx, f->index, f->path, sizeof(f->path)); f->index++) {
		if (s->found < 0)
			open_path(f);
		else
			open_found(f, s->found);
		if (f->opened)
			break;
	}
	return sizeof(*f);
}

/* ---- the caller ----------------------------------------------------------------------------- */

static struct opened_file *all; /* open files */

/* An inode has one id, whatever its paths and containers. Files that look the same are compared. */
static void know_again(struct opened_file *f)
{
	for (struct opened_file *o = all; o; o = o->next) {
		if (!(f->stacked || o->stacked) || f->ctime_ns != o->ctime_ns ||
		    f->id.mtime_ns != o->id.mtime_ns || f->id.size != o->id.size || !f->id.size)
			continue;
		if (file_id__same(&f->id, &o->id) || same_inode(f->fd, o->fd, f->found)) {
			f->inode = o->inode;
			return;
		}
	}
}

static struct opened_file *new_file(int fd, const struct found *found)
{
	struct opened_file *f = xcalloc(1, sizeof(*f));

	f->refs = 1;
	f->fd = fd;
	f->id = f->inode = found->state.id;
	f->stacked = found->stacked;
	f->ctime_ns = found->state.ctime_ns;
	f->uid = found->state.uid;
	f->found = xstrndup(found->path, sizeof(found->path) - 1);
	if (*found->weakness)
		f->weakness = xstrdup(found->weakness);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", fd);
	know_again(f);
	f->next = all;
	all = f;
	return f;
}

static int search(const struct search *s, const char *what, struct opened_file **out,
		  struct file_id *id, size_t *index, char **why)
{
	struct confined_job job = {
		.run = open_in_child,
		.ctx = (void *)s,
		.what = what,
		.max = sizeof(struct found),
		.memory = OPEN_MEMORY,
		.seconds = OPEN_SECONDS,
		.fd = s->found,
		.finds_files = true,
	};
	struct confined_result result;
	int err = confined__run(&job, &result, why);
	const struct found *found = result.data;

	*id = (struct file_id){};
	if (err)
		return err;
	*id = found->state.id;
	*index = found->index;
	if (found->opened && result.nfds) {
		*out = new_file(result.fds[0], found);
		result.fds[0] = -1;
	} else {
		*why = xstrdup(*found->why ? found->why : what);
		err = -ENOENT;
	}
	confined__release(&result);
	return err;
}

static bool only(void *ctx, size_t i, char *path, size_t size)
{
	return !i && snprintf(path, size, "%s", (const char *)ctx) < (int)size;
}

int opened_file__open(const char *path, struct opened_file **out, struct file_id *id, char **why)
{
	__cleanup_free char *what = xasprintf("opening %s", path);
	const struct search s = { .next = only, .ctx = (void *)path, .found = -1 };
	size_t index;

	*id = (struct file_id){};
	if (strlen(path) >= PATH_MAX)
		return error__set(why, -ENOENT, "cannot read %s: %s", path, strerror(ENAMETOOLONG));
	return search(&s, what, out, id, &index, why);
}

int opened_file__open_found(int found, const char *path, struct opened_file **out, char **why)
{
	__cleanup_free char *what = xasprintf("opening %s", path);
	const struct search s = { .next = only, .ctx = (void *)path, .found = found };
	struct file_id id;
	size_t index;

	return search(&s, what, out, &id, &index, why);
}

int opened_file__open_first(opened_file_next *next, void *ctx, const char *what, size_t *index,
			    struct opened_file **out, char **why)
{
	const struct search s = { .next = next, .ctx = ctx, .first = *index, .found = -1 };
	struct file_id id;

	return search(&s, what, out, &id, index, why);
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
	for (struct opened_file **p = &all; *p; p = &(*p)->next)
		if (*p == f) {
			*p = f->next;
			break;
		}
	close(f->fd);
	free(f->found);
	free(f->weakness);
	free(f);
}

bool opened_file__is_unchanged(const struct opened_file *f)
{
	struct file_state now;

	return !file_finder__look(f->fd, false, &now) && file_id__same(&now.id, &f->id) &&
	       now.ctime_ns == f->ctime_ns;
}
