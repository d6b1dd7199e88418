/* SPDX-License-Identifier: GPL-2.0-only */
#include "opened_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "confined.h"

#define OPEN_SECONDS 3.0
#define OPEN_MEMORY  (16 << 20)

/* What the child finds. */
struct found {
	struct file_state state;
	bool opened; /* else why is */
	char why[CONFINED_WHY], weakness[256];
};

/* ---- in the child --------------------------------------------------------------------------- */

static int64_t refuse(struct found *f, const char *fmt, const char *path, int err)
{
	snprintf(f->why, sizeof(f->why), fmt, path, strerror(err));
	return sizeof(*f);
}

/* Only looked at, until it is known to be a file: opening a device may set something off. */
static int64_t open_in_child(void *ctx, void *out, size_t max, char *why)
{
	const char *path = ctx;
	struct found *f = out;
	__cleanup_close int found = file_finder__find(path), file = -1;
	char again[32];
	int err;

	if (found == -ENOENT)
		return refuse(f, "there is no file %s", path, 0);
	if (found < 0)
		return refuse(f, "cannot read %s: %s", path, -found);
	err = file_finder__look(found, true, &f->state);
	if (err)
		return refuse(f, "cannot read %s: %s", path, -err);
	if (!S_ISREG(f->state.mode))
		return refuse(f, "%s is not a file: name a program or a library", path, 0);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	file = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return refuse(f, "cannot read %s: %s", path, errno);
	err = file_finder__look(file, true, &f->state);
	if (!err)
		err = confined__give(file);
	if (err)
		return refuse(f, "cannot read %s: %s", path, -err);
	file_finder__weakness(path, f->weakness, sizeof(f->weakness));
	f->opened = true;
	return sizeof(*f);
}

/* ---- the caller ----------------------------------------------------------------------------- */

static struct opened_file *new_file(int fd, const struct found *found)
{
	struct opened_file *f = xcalloc(1, sizeof(*f));

	f->refs = 1;
	f->fd = fd;
	f->id = found->state.id;
	f->ctime_ns = found->state.ctime_ns;
	if (*found->weakness)
		f->weakness = xstrdup(found->weakness);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", fd);
	return f;
}

int opened_file__open(const char *path, struct opened_file **out, struct file_id *id, char **why)
{
	__cleanup_free char *what = xasprintf("opening %s", path);
	struct confined_job job = {
		.run = open_in_child,
		.ctx = (void *)path,
		.what = what,
		.max = sizeof(struct found),
		.memory = OPEN_MEMORY,
		.seconds = OPEN_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	struct confined_result result;
	int err = confined__run(&job, &result, why);
	const struct found *found = result.data;

	*id = (struct file_id){};
	if (err)
		return err;
	*id = found->state.id;
	if (found->opened && result.fd >= 0) {
		*out = new_file(result.fd, found);
		result.fd = -1;
	} else {
		*why = xstrdup(*found->why ? found->why : what);
		err = -ENOENT;
	}
	confined__release(&result);
	return err;
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
	free(f->weakness);
	free(f);
}

bool opened_file__is_unchanged(const struct opened_file *f)
{
	struct file_state now;

	return !file_finder__look(f->fd, false, &now) && file_id__same(&now.id, &f->id) &&
	       now.ctime_ns == f->ctime_ns;
}
