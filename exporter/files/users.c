/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/users.h"

#include <ctype.h>
#include <dirent.h>

#include "base/clock.h"
#include "files/confined.h"

#define COUNT_SECONDS 1.0
#define COUNT_MEMORY  (16 << 20)

struct wanted {
	uint64_t dev, ino;
	const char *name; /* without directories */
};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ADDRESSES PERMISSIONS OFFSET MAJOR:MINOR INODE PATH. Some file systems show another device there
 * than stat(2) does; then the name decides. */
static bool is_line_of(const char *line, const struct wanted *w)
{
	unsigned int major, minor;
	unsigned long long ino;
	int path = 0;

	if (sscanf(line, "%*s %*s %*s %x:%x %llu %n", &major, &minor, &ino, &path) < 3 || !path ||
	    ino != w->ino)
		return false;
	return ((uint64_t)major << 32 | minor) == w->dev ||
	       !strncmp(last_part(line + path), w->name, strlen(w->name));
}

static bool has_mapped(const char *pid, const struct wanted *w)
{
	char path[64], line[8192];
	__cleanup_fclose FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%.32s/maps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (is_line_of(line, w))
			return true;
	return false;
}

static int64_t count_in_child(void *ctx, void *out, size_t max, char *why)
{
	double until = monotonic_seconds() + COUNT_SECONDS;
	DIR *proc = opendir("/proc");
	struct dirent *d = NULL;
	int *n = out;

	while (proc && (d = readdir(proc)) && monotonic_seconds() < until)
		if (isdigit((unsigned char)d->d_name[0]))
			*n += has_mapped(d->d_name, ctx);
	if ((!proc || d) && !*n)
		*n = -1; /* unknown: not all were looked at */
	return sizeof(*n);
}

int file_users__count(const struct opened_file *f, const char *path)
{
	struct wanted wanted = { f->id.dev, f->id.ino, last_part(path) };
	__cleanup_free char *why = NULL;
	struct confined_job job = {
		.run = count_in_child,
		.ctx = &wanted,
		.what = "counting processes",
		.max = sizeof(int),
		.memory = COUNT_MEMORY,
		.seconds = 2 * COUNT_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	struct confined_result result;
	int n = -1;

	if (!confined__run(&job, &result, &why) && result.size == sizeof(n))
		n = *(const int *)result.data;
	confined__release(&result);
	return n;
}
