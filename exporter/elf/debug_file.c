/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One child looks the paths up: it has our rights, and reads nothing. Another child has no rights:
 * it reads the file that was found, and checks that it belongs to the program. The first file that
 * belongs is used.
 */
#include "elf/debug_file.h"

#include <limits.h>

#include "base/error.h"
#include "files/confined.h"
#include "elf/debug.h"

#define DEBUG_DIR     "/usr/lib/debug"
#define CANDIDATES    7
#define CHECK_SECONDS 10.0 /* the checksum covers the whole file, up to 2 GiB */
#define CHECK_MEMORY  (64 << 20)

/* ---- in the child with rights: where the file may be ---------------------------------------- */

struct places {
	const char *path;
	const struct elf_debug_link *link;
	bool listed;
	char *v[CANDIDATES];
	size_t n;
};

static void add(struct places *p, const char *root, size_t len, const char *dir, const char *sub)
{
	char *place = xasprintf("%.*s%s%s%s", (int)len, root, dir, sub, p->link->name);

	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i], place))
			return free(place);
	p->v[p->n++] = place;
}

/* dir is relative to root: "/usr/bin", "" (the top) or "." */
static void add_links(struct places *p, size_t root, const char *dir)
{
	__cleanup_free char *global = xasprintf("%s%s", DEBUG_DIR, dir);

	if (!*p->link->name)
		return;
	add(p, p->path, root, dir, "/");
	add(p, p->path, root, dir, "/.debug/");
	if (*dir != '.')
		add(p, p->path, root, global, "/");
}

static void add_build_id(struct places *p, size_t root)
{
	char id[2 * ELF_BUILD_ID_MAX + 1] = "";

	if (p->link->nbuild_id < 2)
		return;
	for (size_t i = 0; i < p->link->nbuild_id; i++)
		snprintf(id + 2 * i, 3, "%02x", p->link->build_id[i]);
	p->v[p->n++] = xasprintf("%.*s" DEBUG_DIR "/.build-id/%.2s/%s.debug", (int)root, p->path,
				 id, id + 2);
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, slash - path) : xstrdup(".");
}

static void list(struct places *p)
{
	size_t root = file_finder__root(p->path);
	__cleanup_free char *dir = directory_of(p->path + root);
	char resolved[PATH_MAX];

	add_build_id(p, root);
	if (file_finder__resolve(p->path, resolved, sizeof(resolved))) {
		__cleanup_free char *other = directory_of(resolved);

		add_links(p, root, other);
	}
	if (p->path[0] == '/')
		add_links(p, root, dir);
	p->listed = true;
}

static bool next_place(void *ctx, size_t i, char *path, size_t size)
{
	struct places *p = ctx;

	if (!p->listed)
		list(p);
	return i < p->n && snprintf(path, size, "%s", p->v[i]) < (int)size;
}

/* ---- in the child without rights: whether the file belongs to the program -------------------- */

struct check {
	int fd;
	const char *path;
	const struct elf_debug_link *link;
};

static int64_t check_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct check *c = ctx;
	struct elf_input in;
	int err = elf_input__open(&in, c->fd, NULL, 0, c->path, why);

	return err ? err : elf_debug__matches(&in, c->link);
}

static int check(const struct opened_file *debug, const struct elf_debug_link *link, char **why)
{
	struct check c = { debug->fd, debug->found, link };
	__cleanup_free char *what = xasprintf("reading %s", debug->found);
	struct confined_job job = {
		.run = check_in_child,
		.ctx = &c,
		.what = what,
		.max = 1,
		.memory = CHECK_MEMORY,
		.seconds = CHECK_SECONDS,
		.fd = debug->fd,
	};
	struct confined_result result;
	int err = confined__run(&job, &result, why);

	confined__release(&result);
	return err;
}

/* Symbols from another user could place a probe in the middle of an instruction. */
static int check_owner(const struct opened_file *f, const struct opened_file *debug, char **why)
{
	if (!debug->weakness || (f->weakness && (debug->uid == f->uid || !debug->uid)))
		return 0;
	return error__set(why, -EACCES, "%s: %s", debug->found, debug->weakness);
}

int debug_file__open(const struct opened_file *f, const char *path,
		     const struct elf_debug_link *link, struct opened_file **out, char **why)
{
	__cleanup_free char *what = xasprintf("looking for debug symbols of %s", path);
	/* The link is in a result of another child, which children do not share. */
	const struct elf_debug_link mine = *link;
	struct places places = { .path = path, .link = &mine };
	struct opened_file *found = NULL;
	int err = 0;

	*why = NULL;
	for (size_t i = 0; !err && (*mine.name || mine.nbuild_id); i++) {
		__cleanup_free char *text = NULL;

		err = opened_file__open_first(next_place, &places, what, &i, &found, &text);
		if (!err && !check_owner(f, found, &text) && !check(found, &mine, &text)) {
			*out = found;
			free(take_ptr(*why));
			return 0;
		}
		if (!err)
			opened_file__unref(found);
		if (err != -ENOENT && !*why)
			*why = take_ptr(text);
	}
	return -ENOENT;
}
