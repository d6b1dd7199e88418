/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/sites.h"

#include <search.h>

#include "base/log.h"

struct site {
	struct file_id inode;
	uint64_t offset;
	const char *probe; /* each has places of its own; "": no name */
	struct target *owner;
};

struct sites {
	void *tree;
	struct site **v;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->inode.dev != y->inode.dev)
		return x->inode.dev < y->inode.dev ? -1 : 1;
	if (x->inode.ino != y->inode.ino)
		return x->inode.ino < y->inode.ino ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->probe, y->probe);
}

/* at: the target, or one of its further files. Returns the owner of the place. */
static struct target *take(struct sites *s, struct target *t, const struct target *at)
{
	struct site key = { at->inode, at->offset, t->probe ? t->probe : "", t };
	struct site **found = tfind(&key, &s->tree, compare), *site;

	if (found)
		return (*found)->owner;
	site = xcalloc(1, sizeof(*site));
	*site = key;
	xtsearch(site, &s->tree, compare);
	*(struct site **)array__grow(&s->v, &s->n, sizeof(*s->v)) = site;
	return t;
}

static bool is_user(const struct target *t, bool selected)
{
	return t && t->type == TARGET_USER && t->reason == REASON_NONE && t->opened &&
	       t->selected == selected;
}

/* Whether b is only another name of a: the same list asks for both, so they have the same files. */
static bool is_alias(const struct target *a, const struct target *b, bool everywhere)
{
	return everywhere && a->selected && a->settings == b->settings && a->nmore == b->nmore;
}

/* The location of t becomes that of its first further file. False: it has none. */
static bool move_to_next(struct target *t)
{
	if (!t->nmore)
		return false;
	target__move_file(t, t->more[0]);
	t->removed = false;
	target__free(t->more[0]);
	memmove(t->more, t->more + 1, --t->nmore * sizeof(*t->more));
	return true;
}

/* Sets *other to the owner of a place of t, if there is one. *everywhere: it owns all of them. */
static void look(struct sites *s, struct target *t, struct target **other, bool *everywhere)
{
	struct target *owner = take(s, t, t);

	*other = owner == t ? NULL : owner;
	*everywhere = *other;
	for (size_t i = 0; i < t->nmore; i++) {
		owner = take(s, t, t->more[i]);
		if (owner == t) {
			*everywhere = false;
			continue;
		}
		*everywhere &= owner == *other;
		*other = *other ? *other : owner;
	}
}

/* Removes the places that others own. False: none is left. */
static bool remove_taken(struct sites *s, struct target *t)
{
	for (size_t i = t->nmore; i-- > 0;) {
		if (take(s, t, t->more[i]) == t)
			continue;
		target__free(t->more[i]);
		memmove(t->more + i, t->more + i + 1, (--t->nmore - i) * sizeof(*t->more));
		t->left_out++;
	}
	if (take(s, t, t) == t)
		return true;
	t->left_out++;
	return move_to_next(t);
}

static void settle(struct sites *s, struct target **slot)
{
	struct target *t = *slot, *other;
	size_t before = t->left_out;
	bool everywhere;

	look(s, t, &other, &everywhere);
	if (!other)
		return;
	if (is_alias(other, t, everywhere)) {
		target__add_name(other, t->object, t->function);
		target__free(t);
		*slot = NULL;
		return;
	}
	if (!remove_taken(s, t)) {
		target__set_reason(
			t, REASON_REFUSED,
			xasprintf("its files are probed as %s:%s already, and its calls are "
				  "counted there: remove one of the two",
				  other->object, other->function));
		return;
	}
	t->note = t->note ? t->note
			  : xasprintf("calls in %zu files are counted as %s:%s",
				      t->left_out - before, other->object, other->function);
}

/* One mechanism is for all files, so it must suit each of them. */
static void unite_hazards(struct target *t)
{
	for (size_t i = 0; i < t->nmore; i++)
		t->hazards |= t->more[i]->hazards;
	for (size_t i = 0; i < t->nmore; i++)
		t->more[i]->hazards = t->hazards;
}

static void keep_key(void *node)
{
}

void sites__settle(struct target **v, size_t n)
{
	struct sites s = {};

	for (size_t i = 0; i < n; i++)
		if (is_user(v[i], false))
			take(&s, v[i], v[i]);
	for (size_t i = 0; i < n; i++)
		if (is_user(v[i], true))
			settle(&s, &v[i]);
	for (size_t i = 0; i < n; i++)
		if (is_user(v[i], true))
			unite_hazards(v[i]);
	tdestroy(s.tree, keep_key);
	for (size_t i = 0; i < s.n; i++)
		free(s.v[i]);
	free(s.v);
}
