/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cgroupfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "kernel/tracefs.h"

#define ROOT_INODE 1 /* of a hierarchy's root; a namespace's root has another (fs/kernfs/dir.c) */

bool cgroupfs__is_v2(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* "0::PATH" appears once cgroup v2 has been mounted anywhere (proc_cgroup_show()). */
bool cgroupfs__in_use(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/cgroup", "re");
	__cleanup_free char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0)
		if (!strncmp(line, "0::", 3))
			return true;
	return false;
}

/* Decodes \OOO, which stands for blanks and the like, in place. */
static char *unescape(char *s)
{
	char *to = s;
	unsigned c;

	for (const char *from = s; *from;) {
		if (sscanf(from, "\\%3o", &c) == 1) {
			*to++ = (char)c;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return s;
}

char *cgroupfs__find(FILE *mountinfo, bool (*is_v2)(const char *path))
{
	__cleanup_free char *line = NULL;
	char *found = NULL;
	size_t size = 0;

	while (getline(&line, &size, mountinfo) > 0) {
		__cleanup_free char *root = NULL, *point = NULL;
		bool whole;

		/* "36 35 98:0 ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS" */
		if (!strstr(line, " - cgroup2 ") ||
		    sscanf(line, "%*s %*s %*s %ms %ms", &root, &point) != 2)
			continue;
		whole = !strcmp(root, "/");
		/* Something else may be mounted over it. */
		if ((found && !whole) || !is_v2(unescape(point)))
			continue;
		free(found);
		found = take_ptr(point);
		if (whole)
			break;
	}
	return found;
}

char *cgroupfs__mount_point(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/mountinfo", "re");

	return f ? cgroupfs__find(f, cgroupfs__is_v2) : NULL;
}

bool cgroupfs__is_whole(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_ino == ROOT_INODE;
}

static int open_directory(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_whole_v2(const char *path)
{
	__cleanup_close int fd = cgroupfs__is_v2(path) ? open_directory(AT_FDCWD, path) : -1;

	return fd >= 0 && cgroupfs__is_whole(fd);
}

/* Ours, or that of the first process, if that is outside our container. */
static char *find_whole(void)
{
	static const char *const of_init[] = { "/proc/1/root/sys/fs/cgroup",
					       "/proc/1/root/sys/fs/cgroup/unified" };
	__cleanup_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	char *found = f ? cgroupfs__find(f, is_whole_v2) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(of_init) && !found; i++)
		if (is_whole_v2(of_init[i]))
			found = xstrdup(of_init[i]);
	return found;
}

int cgroupfs__open(void)
{
	__cleanup_free char *path = find_whole();
	__cleanup_close int mount = -1;

	if (!path)
		path = cgroupfs__mount_point();
	if (path)
		return open_directory(AT_FDCWD, path);
	mount = cgroupfs__in_use() ? tracefs__open_private("cgroup2") : -1;
	return mount < 0 ? -1 : open_directory(mount, ".");
}
