/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/config_watch.h"

#include <sys/stat.h>
#include <time.h>

/* All zero: there is no file. */
struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written, changed;
};

struct config_watch {
	char *path;
	struct identity noted, last;
};

static struct identity identify(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return (struct identity){ 0 };
	return (struct identity){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(&a->written, &b->written) && same_time(&a->changed, &b->changed);
}

struct config_watch *config_watch__new(const char *path)
{
	struct config_watch *w = xcalloc(1, sizeof(*w));

	w->path = xstrdup(path);
	config_watch__note(w);
	return w;
}

void config_watch__note(struct config_watch *w)
{
	if (w)
		w->noted = w->last = identify(w->path);
}

bool config_watch__changed(struct config_watch *w)
{
	struct identity now;
	bool settled;

	if (!w)
		return false;
	now = identify(w->path);
	settled = same(&now, &w->last);
	w->last = now;
	return settled && !same(&now, &w->noted);
}

void config_watch__free(struct config_watch *w)
{
	if (!w)
		return;
	free(w->path);
	free(w);
}
