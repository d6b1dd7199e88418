/* SPDX-License-Identifier: GPL-2.0-only */
#include "watch.h"

#include "log.h"

struct file {
	char *path;
	struct file_id id;
};

struct watch {
	uint64_t modules; /* a hash of their names */
	struct file *files;
	size_t n;
};

struct watch *watch__new(void)
{
	return xcalloc(1, sizeof(struct watch));
}

static void forget_files(struct watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->files[i].path);
	free(take_ptr(w->files));
	w->n = 0;
}

void watch__free(struct watch *w)
{
	if (!w)
		return;
	forget_files(w);
	free(w);
}

static bool is_followed(const struct watch *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->files[i].path, path))
			return true;
	return false;
}

void watch__follow(struct watch *w, const struct view *v)
{
	forget_files(w);
	for (size_t i = 0; i < v->n; i++) {
		const struct target *t = v->rows[i].state.target;

		/* As it was when it was read: what changed since then is a change. */
		if (t->type == TARGET_USER && !is_followed(w, t->object))
			*(struct file *)array__grow(&w->files, &w->n, sizeof(*w->files)) =
				(struct file){ xstrdup(t->object), t->file };
	}
}

/* FNV-1a */
static uint64_t hash(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return h;
}

/* Of modules that run: those on their way in or out will be seen the next time. Their order is that
 * in which they were loaded, and one that is unloaded and loaded again has another place. */
static uint64_t hash_modules(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/modules", "re");
	char line[4096], name[64], state[16];
	uint64_t h = 0xcbf29ce484222325ULL;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %*s %*s %*s %15s", name, state) == 2 &&
		    !strcmp(state, "Live"))
			h = hash(hash(h, name), "\n");
	}
	return h;
}

bool watch__machine_changed(struct watch *w)
{
	uint64_t modules = hash_modules();
	bool changed = modules != w->modules;

	if (changed && w->modules)
		log_debug("kernel modules have changed");
	w->modules = modules;
	for (size_t i = 0; i < w->n; i++) {
		struct file_id now = file_id__of(w->files[i].path);

		if (file_id__same(&now, &w->files[i].id))
			continue;
		log_info("%s has changed", w->files[i].path);
		w->files[i].id = now;
		changed = true;
	}
	return changed;
}
