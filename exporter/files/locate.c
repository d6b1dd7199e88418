/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/locate.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "files/confined.h"
#include "files/ld_cache.h"
#include "files/opened_file.h"
#include "base/suggest.h"

#define CACHE	     "/etc/ld.so.cache"
#define CACHE_MAX    (16 << 20)
#define READ_SECONDS 2.0
#define NEAR_SECONDS 2.0
#define MEMORY	     (32 << 20)
#define ENTRIES_MAX  100000
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#if defined(__x86_64__)
#define TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define TRIPLET "aarch64-linux-gnu"
#else
#define TRIPLET "linux-gnu"
#endif

static bool exists(const char *path)
{
	__cleanup_close int fd = file_finder__find(*path ? path : "/");

	return fd >= 0;
}

/* ---- libraries ------------------------------------------------------------------------------ */

struct cache_search {
	int fd;
	const char *name;
	char *out;
	bool exact;
};

/* "libc" stands for libc.so.6, "ssl" for libssl.so.3. */
static bool is_short_for(const char *name, const char *library)
{
	size_t len = strlen(name);

	if (!strncmp(library, "lib", 3) && strncmp(name, "lib", 3))
		library += 3;
	return !strncmp(library, name, len) && !strncmp(library + len, ".so", 3);
}

static bool look_at(void *ctx, const char *name, const char *path)
{
	struct cache_search *s = ctx;

	s->exact = !strcmp(name, s->name);
	if (s->exact || (!*s->out && is_short_for(s->name, name)))
		snprintf(s->out, PATH_MAX, "%s", path);
	return !s->exact;
}

static int64_t search_cache(void *ctx, void *out, size_t max, char *why)
{
	struct cache_search *s = ctx;
	off_t size = lseek(s->fd, 0, SEEK_END);
	char *data = size > 0 && size <= CACHE_MAX ? malloc(size) : NULL;

	s->out = out;
	if (!data || pread(s->fd, data, size, 0) != size)
		return -EINVAL;
	ld_cache__list(data, size, look_at, s);
	return PATH_MAX;
}

/* Whether it is an absolute path on one line. */
static bool is_path(const char *p, size_t size)
{
	if (*p != '/' || !memchr(p, '\0', size))
		return false;
	for (; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return true;
}

/* Writes the path with the symbolic links of its directory resolved. */
static int64_t resolve_in_child(void *ctx, void *out, size_t max, char *why)
{
	const char *path = ctx, *name = strrchr(path, '/');
	__cleanup_free char *dir = xstrndup(path, name - path);
	size_t root = file_finder__root(path);
	char resolved[PATH_MAX];

	if (!exists(path) || !file_finder__resolve(dir, resolved, sizeof(resolved)))
		return -ENOENT;
	snprintf(out, max, "%.*s%s%s", (int)root, path, resolved, name);
	return max;
}

static char *resolve(const char *path)
{
	__cleanup_free char *why = NULL;
	struct confined_job job = {
		.run = resolve_in_child,
		.ctx = (void *)path,
		.what = "looking for a library",
		.max = PATH_MAX,
		.memory = MEMORY,
		.seconds = NEAR_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	struct confined_result result;
	char *found = NULL;

	if (!confined__run(&job, &result, &why) && is_path(result.data, result.size))
		found = xstrdup(result.data);
	confined__release(&result);
	return found;
}

static char *in_cache(const char *root, const char *name)
{
	__cleanup_free char *path = xasprintf("%s" CACHE, root), *why = NULL;
	__cleanup_free char *what = xasprintf("reading %s", path);
	struct cache_search s = { .name = name };
	struct confined_job job = {
		.run = search_cache,
		.ctx = &s,
		.what = what,
		.max = PATH_MAX,
		.memory = MEMORY,
		.seconds = READ_SECONDS,
	};
	struct confined_result result = {};
	struct opened_file *cache;
	struct file_id id;
	char *found = NULL;

	if (opened_file__open(path, &cache, &id, &why))
		return NULL;
	s.fd = job.fd = cache->fd;
	if (!confined__run(&job, &result, &why) && is_path(result.data, result.size))
		found = xasprintf("%s%s", root, (const char *)result.data);
	confined__release(&result);
	opened_file__unref(cache);
	return found;
}

struct directories {
	const char *root, *name;
	const char *list; /* with ':' between them */
};

static bool next_directory(void *ctx, size_t i, char *path, size_t size)
{
	const struct directories *d = ctx;
	const char *dir = d->list;

	for (; i; i--) {
		dir = strchr(dir, ':');
		if (!dir)
			return false;
		dir++;
	}
	return snprintf(path, size, "%s%.*s/%s", d->root, (int)strcspn(dir, ":"), dir, d->name) <
	       (int)size;
}

static char *in_directories(const char *root, const char *list, const char *name)
{
	__cleanup_free char *why = NULL;
	struct directories d = { root, name, list };
	struct opened_file *found;
	size_t i = 0;
	char *path;

	if (opened_file__open_first(next_directory, &d, "looking for a file", &i, &found, &why))
		return NULL;
	path = xstrdup(found->found);
	opened_file__unref(found);
	return path;
}

char *locate__library(const char *root, const char *name)
{
	__cleanup_free char *path = NULL;

	if (!*name || strchr(name, '/'))
		return NULL;
	path = in_cache(root, name);
	/* Without a cache: musl, and images that contain only a program. */
	if (!path)
		path = in_directories(root,
				      "/lib/" TRIPLET ":/usr/lib/" TRIPLET
				      ":/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib",
				      name);
	return path ? resolve(path) : NULL;
}

char *locate__program(const char *name)
{
	const char *path = getenv("PATH");

	if (!*name || strchr(name, '/'))
		return NULL;
	return in_directories("", path && *path ? path : DEFAULT_PATH, name);
}

/* ---- misspelt paths ------------------------------------------------------------------------- */

/* A path in three parts: a directory ("": the top), a component that does not exist, the rest. */
struct misspelt {
	char *dir, *name;
	const char *rest;
};

static struct misspelt split(const char *path)
{
	struct misspelt m = { .rest = path + strlen(path) };

	for (;;) {
		const char *slash = m.rest;

		while (slash > path && *--slash != '/')
			;
		free(m.dir);
		free(m.name);
		m.dir = xstrndup(path, slash - path);
		m.name = xstrndup(slash + (*slash == '/'), m.rest - slash - (*slash == '/'));
		if (slash == path || exists(m.dir))
			return m;
		m.rest = slash;
	}
}

static char **list(const char *dir, size_t *n)
{
	int found = file_finder__find(*dir ? dir : "/"), fd;
	char again[32], **names = NULL;
	DIR *d;

	*n = 0;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	fd = found < 0 ? -1 : open(again, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; d && *n < ENTRIES_MAX && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			*(char **)array__grow(&names, n, sizeof(*names)) = xstrdup(e->d_name);
	return names;
}

static int64_t find_near(void *ctx, void *out, size_t max, char *why)
{
	struct misspelt m = split(ctx);
	const char *near[SUGGEST_MAX];
	size_t n, found = 0, names;
	char(*paths)[PATH_MAX] = out, **entries = list(m.dir, &names);

	n = suggest__nearest(m.name, (const char *const *)entries, names, near, SUGGEST_MAX);
	for (size_t i = 0; i < n && found < LOCATE_NEAR; i++) {
		int len = snprintf(paths[found], PATH_MAX, "%s/%s%s", m.dir, near[i], m.rest);

		found += len < PATH_MAX && (!*m.rest || exists(paths[found]));
	}
	return found * PATH_MAX;
}

size_t locate__near(const char *path, char *out[LOCATE_NEAR])
{
	__cleanup_free char *why = NULL;
	struct confined_job job = {
		.run = find_near,
		.ctx = (void *)path,
		.what = "looking for similar names",
		.max = LOCATE_NEAR * PATH_MAX,
		.memory = MEMORY,
		.seconds = NEAR_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	struct confined_result result;
	const char(*paths)[PATH_MAX];
	size_t n = 0;

	if (*path == '/' && !confined__run(&job, &result, &why)) {
		paths = result.data;
		for (size_t i = 0; i < result.size / PATH_MAX && n < LOCATE_NEAR; i++)
			if (is_path(paths[i], PATH_MAX))
				out[n++] = xstrdup(paths[i]);
		confined__release(&result);
	}
	return n;
}

size_t locate__root_of(const char *path)
{
	int len = 0;

	sscanf(path, "/proc/%*u/root%n", &len);
	if (!len)
		sscanf(path, "/proc/self/root%n", &len);
	return len && path[len] == '/' ? len : 0;
}
