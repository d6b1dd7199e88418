/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/replaced.h"

#include <fnmatch.h>

#include "attach/former.h"
#include "files/users.h"
#include "base/log.h"

/* ---- which ----------------------------------------------------------------------------------- */

static bool is_same_inode(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static bool share_name(const struct target *a, const struct target *b)
{
	for (size_t i = 0; i < target__nnames(a); i++) {
		struct target_name x = target__name(a, i);

		for (size_t k = 0; k < target__nnames(b); k++) {
			struct target_name y = target__name(b, k);

			if (!target_name__compare(&x, &y))
				return true;
		}
	}
	return false;
}

static bool may_be_former(const struct actual *a)
{
	return a->target->type == TARGET_USER && !a->target->selected && a->target->opened &&
	       !a->stays && generation__is_attached(a->generation, a->target->id);
}

static struct actual *find_by_name(struct change *ch, const struct target *t)
{
	for (size_t i = 0; i < ch->nactual; i++)
		if (may_be_former(&ch->actual[i]) && share_name(ch->actual[i].target, t))
			return &ch->actual[i];
	return NULL;
}

static void add_follow(struct change *ch, struct wanted *w, struct actual *a, int what)
{
	*(struct follow *)array__grow(&ch->follows, &ch->nfollows, sizeof(*ch->follows)) =
		(struct follow){ what, w, a };
	w->renamed = take_ptr(w->target);
	wanted__stay(w, a);
}

static int users_of(const struct target *t)
{
	return file_users__count(t->opened, t->object);
}

void replaced__is_back(struct change *ch, struct wanted *w, struct actual *a)
{
	add_follow(ch, w, a, BACK);
}

/* A file that was overwritten in place does not count as replaced: a probe may now be in the middle
 * of an instruction. */
bool replaced__follows(struct change *ch, struct wanted *w)
{
	const struct target *t = w->target;
	struct actual *a =
		t->type == TARGET_USER && !t->selected && !ch->renew ? find_by_name(ch, t) : NULL;
	const char *why;
	int users;

	if (!a || is_same_inode(&a->target->inode, &t->inode) || !target__same_kind(a->target, t) ||
	    !config__same_cells(ch->config, a->generation->config))
		return false;
	why = former__cannot_follow(a->generation->attach, a->target->id, t);
	if (!why) {
		add_follow(ch, w, a, REPLACED);
		return true;
	}
	users = users_of(a->target);
	if (users)
		log_warn("the file of %s:%s was replaced, and %d processes that run the former "
			 "file are no longer counted: %s",
			 t->object, t->function, users, why);
	return false;
}

static bool is_in(const struct target *t, size_t npoints, const struct opened_file *f)
{
	for (size_t i = 0; i < npoints; i++)
		if (t->points[i].opened && is_same_inode(&t->points[i].opened->inode, &f->inode))
			return true;
	return false;
}

void replaced__leave(const struct actual *a, const struct target *t)
{
	const struct target *was = a->target;

	for (size_t i = 0; i < was->npoints; i++) {
		const struct opened_file *f = was->points[i].opened;
		int users;

		if (!f || is_in(was, i, f) || is_in(t, t->npoints, f))
			continue;
		users = file_users__count(f, f->found);
		if (users)
			log_warn("%s was replaced, and %d processes that run the former file are "
				 "no longer counted by %s:%s, which restarts at 0",
				 f->found, users, t->object, t->function);
	}
}

/* ---- removed files --------------------------------------------------------------------------- */

/* written: the pattern of a target that was not found: "f", "f*", "f|g". */
static bool is_asked_for(const char *written, const char *function)
{
	__cleanup_free char *all = xstrdup(written);
	char *save = NULL;

	for (char *p = strtok_r(all, "|", &save); p; p = strtok_r(NULL, "|", &save))
		if (!strcmp(p, function) || !fnmatch(p, function, 0))
			return true;
	return false;
}

static bool is_without_file(const struct target *t)
{
	return t && t->type == TARGET_USER && !t->selected && t->reason == REASON_NOT_FOUND &&
	       !t->file.ino;
}

static bool outlives(const struct change *ch, const struct actual *a, const struct target *t)
{
	return may_be_former(a) && !strcmp(a->target->object, t->object) &&
	       is_asked_for(t->function, a->target->function) &&
	       probe_settings__same(a->target->settings, t->settings) &&
	       config__same_cells(ch->config, a->generation->config);
}

/* Adds the attached functions that match a target whose file is gone, if processes still run it. */
static void keep_outliving(struct change *ch, size_t which)
{
	const struct opened_file *used = NULL, *unused = NULL;
	size_t first = ch->nwanted;

	for (size_t i = 0; i < ch->nactual; i++) {
		struct actual *a = &ch->actual[i];
		const struct opened_file *f = a->target->opened;
		struct wanted *w = &ch->wanted[ch->nwanted];

		if (!outlives(ch, a, ch->wanted[which].target) || f == unused)
			continue;
		if (f != used && !users_of(a->target)) {
			unused = f;
			continue;
		}
		used = f;
		*w = (struct wanted){
			.max_rate = ch->wanted[which].max_rate,
			.own_rate = ch->wanted[which].own_rate,
			.max_cpu = ch->wanted[which].max_cpu,
			.notes = probe_notes__copy(&ch->wanted[which].notes),
		};
		ch->nwanted++;
		add_follow(ch, w, a, REMOVED);
	}
	if (ch->nwanted > first) {
		/* The last one replaces the target that was not found. */
		target__free(ch->wanted[which].target);
		probe_notes__free(&ch->wanted[which].notes);
		ch->wanted[which] = ch->wanted[--ch->nwanted];
		ch->follows[ch->nfollows - 1].wanted = &ch->wanted[which];
	}
}

void replaced__keep_removed(struct change *ch)
{
	size_t n = ch->nwanted;

	if (ch->renew)
		return;
	ch->wanted = xreallocarray(ch->wanted, n + ch->nactual + 1, sizeof(*ch->wanted));
	for (size_t i = 0; i < n; i++)
		if (is_without_file(ch->wanted[i].target))
			keep_outliving(ch, i);
}

/* ---- following ------------------------------------------------------------------------------- */

static void tell(const struct target *t, int what)
{
	int users = users_of(t);

	if (what == REMOVED && !t->removed)
		log_info("%s was removed; %d processes still run it, and are counted until they "
			 "end",
			 t->object, users);
	else if (what == REPLACED && users)
		log_info("%s was replaced; %d processes still run the former file, and are counted "
			 "until they end",
			 t->object, users);
}

static void tell_all(const struct change *ch)
{
	const char *last = NULL;

	for (size_t i = 0; i < ch->nfollows; i++) {
		const struct follow *f = &ch->follows[i];

		if (f->what == BACK || (last && !strcmp(last, f->actual->target->object)))
			continue;
		last = f->actual->target->object;
		tell(f->actual->target, f->what);
	}
}

/* Attaches followed targets of a generation in their new files. */
static void follow_in(struct change *ch, struct generation *g)
{
	__cleanup_free uint32_t *ids = xcalloc(ch->nfollows + 1, sizeof(*ids));
	__cleanup_free struct target **to = xcalloc(ch->nfollows + 1, sizeof(*to));
	size_t n = 0;

	for (size_t i = 0; i < ch->nfollows; i++) {
		const struct follow *f = &ch->follows[i];

		if (f->what != REPLACED || f->actual->generation != g)
			continue;
		ids[n] = f->actual->target->id;
		to[n++] = f->wanted->renamed;
	}
	if (n)
		former__follow(g->attach, ids, to, n);
}

static void conclude_follow(struct follow *f)
{
	struct target *t = (struct target *)f->actual->target;

	if (f->what == REMOVED) {
		t->removed = true;
		t->file = (struct file_id){};
	} else if (f->what == BACK) {
		t->removed = false;
		t->file = f->wanted->renamed->file;
	} else if (!generation__is_attached(f->actual->generation, t->id)) {
		f->actual->stays = false;
		f->wanted->generation = NULL;
		f->wanted->target = target__describe(t);
		f->wanted->target->pos = f->wanted->renamed->pos;
		target__free(take_ptr(f->wanted->renamed));
	}
}

static void let_go_of_unused(struct generation *g, bool *any)
{
	const struct target *t;

	for (int fd = -1; (t = former__next(g->attach, fd));) {
		fd = t->opened->fd;
		if (users_of(t))
			continue;
		log_debug("no process runs the former file of %s any more", t->object);
		former__detach_file(g->attach, t->opened);
		*any = true;
	}
}

void replaced__follow(struct change *ch)
{
	bool any;

	if (!ch->nfollows)
		return;
	tell_all(ch);
	for (size_t i = 0; i < ch->nfollows; i++) {
		struct generation *g = ch->follows[i].actual->generation;
		bool done = false;

		for (size_t k = 0; k < i; k++)
			done |= ch->follows[k].actual->generation == g;
		if (done)
			continue;
		follow_in(ch, g);
		let_go_of_unused(g, &any);
	}
	for (size_t i = 0; i < ch->nfollows; i++)
		conclude_follow(&ch->follows[i]);
}

/* Whether no process runs some removed file any more. */
static bool any_removed_unused(const struct generation *g)
{
	const struct opened_file *last = NULL;

	for (uint32_t id = 0; id < g->targets->nids; id++) {
		const struct target *t = g->targets->v[id];

		if (!t->removed || t->opened == last || !generation__is_attached(g, id))
			continue;
		last = t->opened;
		if (!users_of(t))
			return true;
	}
	return false;
}

bool replaced__check(struct reconcile *r)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		let_go_of_unused(r->generations[i], &any);
		if (any_removed_unused(r->generations[i])) {
			r->pending = true;
			r->retry_at = r->now;
		}
	}
	return any;
}
