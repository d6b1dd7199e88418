/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"

#ifndef MFD_EXEC /* Linux 6.3; without it newer kernels may make the memory non-executable */
#define MFD_EXEC 0x0010U
#endif

/* ---- mapped files ------------------------------------------------------------------------ */

struct own_files {
	char **paths;
	size_t n;
	const char *loader; /* one of the paths, or NULL */
};

static void free_own(struct own_files *own)
{
	for (size_t i = 0; i < own->n; i++)
		free(own->paths[i]);
	free(own->paths);
}

/* Without " (deleted)": another process maps the file that has the path now. */
static void add_path(struct own_files *own, char *path, bool loader)
{
	static const char gone[] = " (deleted)";
	size_t len = strlen(path), i = 0;

	if (len > strlen(gone) && !strcmp(path + len - strlen(gone), gone))
		path[len - strlen(gone)] = '\0';
	while (i < own->n && strcmp(own->paths[i], path))
		i++;
	if (i == own->n)
		*(char **)array__grow(&own->paths, &own->n, sizeof(*own->paths)) = xstrdup(path);
	if (loader)
		own->loader = own->paths[i];
}

static int read_maps(struct own_files *own)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, base = getauxval(AT_BASE);
	char line[4400], *path;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, '/');
		if (path && sscanf(line, "%lx-", &start) == 1)
			add_path(own, path, start == base);
	}
	return 0;
}

/* ---- probed files ------------------------------------------------------------------------ */

static bool is_probed(const struct target *const *targets, size_t n, const struct stat *st)
{
	uint64_t dev = (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev); /* as a file_id */

	const struct file_id *id;
	const char *path;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; (id = target__file(targets[i], k, &path)); k++)
			if (id->dev == dev && id->ino == st->st_ino)
				return true;
	return false;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* ---- copies -------------------------------------------------------------------------------- */

static int create(const char *name)
{
	int fd = memfd_create(name, MFD_EXEC | MFD_CLOEXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC);
	return fd;
}

static int copy(int from, const char *name)
{
	__cleanup_close int to = create(name);
	struct stat st;
	off_t done = 0;
	int fd;

	if (to < 0 || fstat(from, &st))
		return -errno;
	while (done < st.st_size) {
		ssize_t n = sendfile(to, from, &done, st.st_size - done);

		if (n <= 0)
			return n ? -errno : -EIO;
	}
	fd = to;
	to = -1;
	return fd;
}

static int copy_path(const char *path, const char *name)
{
	__cleanup_close int from = open(path, O_RDONLY | O_CLOEXEC);

	return from < 0 ? -errno : copy(from, name);
}

/* Libraries only. */
static int copy_libraries(const struct own_files *own, const struct target *const *targets,
			  size_t n, const struct stat *program, struct copies *out, bool *needed)
{
	for (size_t i = 0; i < own->n; i++) {
		struct stat st;
		int fd;

		if (stat(own->paths[i], &st) || !is_probed(targets, n, &st))
			continue;
		*needed = true;
		if (own->paths[i] == own->loader || is_same(&st, program))
			continue;
		fd = copy_path(own->paths[i], strrchr(own->paths[i], '/') + 1);
		if (fd < 0)
			return fd;
		*(int *)array__grow(&out->libraries, &out->nlibraries, sizeof(fd)) = fd;
	}
	return 0;
}

static int copy_fd(int fd, const char *name)
{
	__cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);

	return copy_path(path, name);
}

static int copy_all(const struct target *const *targets, size_t n, const struct own_program *own,
		    struct own_files *files, struct copies *out, bool *needed)
{
	struct stat st;
	int err = read_maps(files);

	if (!err && fstat(own->program, &st))
		err = -errno;
	if (!err)
		err = copy_libraries(files, targets, n, &st, out, needed);
	if (err || !*needed)
		return err;
	if (own->loader < 0 && !files->loader)
		return -ENOENT;
	out->loader =
		own->loader < 0 ? copy_path(files->loader, "ld.so") : copy_fd(own->loader, "ld.so");
	out->program = copy_fd(own->program, "retprobe_exporter");
	return out->loader < 0 ? out->loader : out->program < 0 ? out->program : 0;
}

int copies__make(const struct target *const *targets, size_t n, const struct own_program *own,
		 struct copies *out)
{
	struct own_files files = {};
	bool needed = false;
	int err = 0;

	*out = (struct copies){ .loader = -1, .program = -1 };
	if (n)
		err = copy_all(targets, n, own, &files, out, &needed);
	free_own(&files);
	if (!err && !needed)
		copies__make_none(own, out);
	return err;
}

void copies__make_none(const struct own_program *own, struct copies *out)
{
	*out = (struct copies){ .loader = -1, .program = -1 };
	if (own->loader < 0)
		return;
	out->loader = fcntl(own->loader, F_DUPFD_CLOEXEC, 0);
	out->program = fcntl(own->program, F_DUPFD_CLOEXEC, 0);
}

void copies__free(struct copies *c)
{
	cleanup__close(&c->loader);
	cleanup__close(&c->program);
	for (size_t i = 0; i < c->nlibraries; i++)
		close(c->libraries[i]);
	free(c->libraries);
	*c = (struct copies){ .loader = -1, .program = -1 };
}

/* A preloaded library satisfies all dependencies on its name. */
char **copies__command(const struct copies *c, const char *name, char *argument)
{
	__cleanup_buf struct buf preload = {};
	char **command = xcalloc(8, sizeof(*command)), **p = command;

	for (size_t i = 0; i < c->nlibraries; i++)
		buf__printf(&preload, "%s/proc/self/fd/%d", i ? ":" : "", c->libraries[i]);
	*p++ = xstrdup(name);
	*p++ = xstrdup("--argv0");
	*p++ = xstrdup(name);
	if (c->nlibraries) {
		*p++ = xstrdup("--preload");
		*p++ = xstrdup(buf__str(&preload));
	}
	*p++ = xasprintf("/proc/self/fd/%d", c->program);
	*p++ = argument;
	return command;
}
