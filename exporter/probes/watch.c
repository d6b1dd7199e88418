/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child process checks the files, because a file system may hang. If that happens, each file gets
 * its own child from then on, so that only the hanging file stays unknown.
 */
#include "probes/watch.h"

#include <errno.h>

#include "base/clock.h"
#include "files/confined.h"
#include "base/log.h"
#include "kernel/module_list.h"

#define LOOK_SECONDS 5.0
#define LOOK_MEMORY  (16 << 20)
#define DELAY_FIRST  2.0
#define DELAY_MAX    300.0
#define QUIET	     60.0 /* seconds without a change that reset the delay */

struct file {
	char *path;
	struct file_id id;
	bool changed; /* and not reported yet */
	double changed_at;
	double delay, told_at; /* no report for `delay` seconds after told_at */
};

/* A child, and the files that it checks. */
struct look {
	struct confined *child; /* NULL: none */
	size_t first, n;
};

struct watch {
	uint64_t modules; /* their fingerprint; 0: not looked at yet */
	struct file *files;
	size_t n;
	struct look *looks;
	size_t nlooks;
	bool apart;
};

struct watch *watch__new(void)
{
	return xcalloc(1, sizeof(struct watch));
}

/* ---- which files ---------------------------------------------------------------------------- */

static void end_looks(struct watch *w)
{
	for (size_t i = 0; i < w->nlooks; i++)
		confined__abandon(w->looks[i].child);
	free(take_ptr(w->looks));
	w->nlooks = 0;
}

static void free_files(struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(files[i].path);
	free(files);
}

void watch__free(struct watch *w)
{
	if (!w)
		return;
	end_looks(w);
	free_files(w->files, w->n);
	free(w);
}

static struct file *find(struct file *files, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(files[i].path, path))
			return &files[i];
	return NULL;
}

static void follow(struct watch *w, struct file *old, size_t nold, const char *path,
		   const struct file_id *id)
{
	struct file *before = find(old, nold, path), *f;

	if (find(w->files, w->n, path))
		return;
	f = array__grow(&w->files, &w->n, sizeof(*w->files));
	if (before)
		*f = *before;
	f->path = xstrdup(path);
	/* As it was at discovery: later changes are changes. */
	f->id = *id;
	f->changed = false;
}

void watch__follow(struct watch *w, const struct probe_table *table)
{
	struct file *old = take_ptr(w->files);
	size_t nold = w->n;

	end_looks(w);
	w->n = 0;
	w->apart = false;
	for (size_t i = 0; i < table->n; i++) {
		const struct target *t = table->rows[i].state.target;
		const struct file_id *id;
		const char *path;

		for (size_t k = 0; !t->selected && (id = target__file(t, k, &path)); k++)
			follow(w, old, nold,
			       target__is_in_file(t) ? table->rows[i].state.object : path, id);
	}
	free_files(old, nold);
}

/* ---- looking -------------------------------------------------------------------------------- */

static int64_t look_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct file *files = ctx;
	struct file_id *ids = out;
	size_t n = max / sizeof(*ids);

	for (size_t i = 0; i < n; i++) {
		__cleanup_close int fd = file_finder__find(files[i].path);
		struct file_state st;

		if (fd >= 0 && !file_finder__look(fd, true, &st))
			ids[i] = st.id;
	}
	return n * sizeof(*ids);
}

static void start_look(struct watch *w, size_t first, size_t n)
{
	struct look *l = array__grow(&w->looks, &w->nlooks, sizeof(*w->looks));
	struct confined_job job = {
		.run = look_in_child,
		.ctx = w->files + first,
		/* Its name in messages if it hangs. */
		.what = n > 1 ? "looking at files" : w->files[first].path,
		.max = n * sizeof(struct file_id),
		.memory = LOOK_MEMORY,
		.seconds = LOOK_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	__cleanup_free char *why = NULL;
	int err;

	*l = (struct look){ .first = first, .n = n };
	err = confined__start(&job, &l->child, &why);
	if (!err)
		return;
	log_debug("%s", why);
	l->child = NULL;
	w->apart |= err == -ETIMEDOUT && n > 1;
}

static void start_looks(struct watch *w)
{
	size_t step = w->apart ? 1 : w->n;

	for (size_t i = 0; i < w->n; i += step)
		start_look(w, i, step);
}

static void note(struct file *f, const struct file_id *id, double now)
{
	if (file_id__same(&f->id, id))
		return;
	f->id = *id;
	f->changed = true;
	f->changed_at = now;
}

/* Whether the check has ended or failed. */
static bool finish_look(struct watch *w, struct look *l, double patience, double now)
{
	struct confined_result result;
	__cleanup_free char *why = NULL;
	int err = l->child ? confined__finish(l->child, patience, &result, &why) : -ENOENT;
	const struct file_id *ids;

	if (err == -EAGAIN)
		return false;
	l->child = NULL;
	if (err == -ETIMEDOUT && l->n > 1)
		w->apart = true;
	if (why)
		log_debug("%s", why);
	if (err)
		return true;
	ids = result.data;
	for (size_t i = 0; i < result.size / sizeof(*ids) && i < l->n; i++)
		note(&w->files[l->first + i], &ids[i], now);
	confined__release(&result);
	return true;
}

static void finish_looks(struct watch *w, double patience, double now)
{
	double until = monotonic_seconds() + patience;
	size_t kept = 0;

	for (size_t i = 0; i < w->nlooks; i++)
		if (!finish_look(w, &w->looks[i], until - monotonic_seconds(), now))
			w->looks[kept++] = w->looks[i];
	w->nlooks = kept;
}

/* ---- telling -------------------------------------------------------------------------------- */

/*
 * Reports a change at once, and further ones with growing delays: each starts a new server, and a
 * user who can write to a file could cause one every other second. After QUIET seconds without a
 * change, the delay is reset.
 */
static bool tell(struct file *f, double now, bool at_once)
{
	if (!f->changed) {
		if (f->delay && now - f->changed_at > QUIET + 2 * f->delay)
			f->delay = 0;
		return false;
	}
	if (!at_once && f->delay && now - f->told_at < f->delay)
		return false;
	f->changed = false;
	f->told_at = now;
	f->delay = f->delay ? f->delay * 2 : DELAY_FIRST;
	if (f->delay > DELAY_MAX)
		f->delay = DELAY_MAX;
	log_info("%s has changed%s", f->path,
		 f->delay > DELAY_FIRST ? "; it changes often, so it is checked less often" : "");
	return true;
}

static bool modules_changed(struct watch *w)
{
	uint64_t modules = module_list__fingerprint("/proc");
	bool changed = modules != w->modules;

	if (changed && w->modules)
		log_debug("kernel modules have changed");
	w->modules = modules;
	return changed;
}

bool watch__is_looking(const struct watch *w)
{
	return w->nlooks;
}

bool watch__machine_changed(struct watch *w, double now, double patience)
{
	bool changed = modules_changed(w);

	/* Their result may be older than this call. */
	if (patience > 0)
		end_looks(w);
	if (!w->nlooks)
		start_looks(w);
	finish_looks(w, patience, now);
	for (size_t i = 0; i < w->n; i++)
		changed |= tell(&w->files[i], now, patience > 0);
	return changed;
}
