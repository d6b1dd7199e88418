/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Claims: a function is one target, however many patterns claim it and by however many names.
 * libc's `lseek` and `lseek64` are one address, and two probes there would take each other's calls.
 * The target keeps every name that was claimed.
 *
 * An exact name beats a glob, whichever comes first, so that `vfs_*` with one exception to its
 * settings can be written. Of two exact claims, the user's beats a preset's, and two of the user's
 * or of presets must agree. Of two globs the first wins, unless only the other is the user's.
 */
#include <errno.h>
#include <search.h>

#include "discover/internal.h"
#include "types/retkind.h"

static int compare_places(const void *a, const void *b)
{
	return target__compare_places(((const struct claim *)a)->target,
				      ((const struct claim *)b)->target);
}

static int compare_names(const void *a, const void *b)
{
	const struct claimed_name *x = a, *y = b;

	return x->type != y->type ? (int)x->type - (int)y->type
				  : target_name__compare(&x->name, &y->name);
}

/* The name of t, which may be new. */
static struct claimed_name *enter_name(struct discovery *d, const struct target *t)
{
	struct claimed_name key = { t->type, { t->object, t->function }, NULL }, *n, **found;

	found = tfind(&key, &d->by_name, compare_names);
	if (found)
		return *found;
	n = xcalloc(1, sizeof(*n));
	n->type = t->type;
	n->name = (struct target_name){ xstrdup(t->object), xstrdup(t->function) };
	xtsearch(n, &d->by_name, compare_names);
	*(struct claimed_name **)array__grow(&d->names, &d->nnames, sizeof(*d->names)) = n;
	return n;
}

struct claim *discovery__find_place(const struct discovery *d, struct target *t)
{
	struct claim key = { .target = t }, **found;

	found = t->reason == REASON_NONE ? tfind(&key, &d->by_place, compare_places) : NULL;
	return found ? *found : NULL;
}

/* Two exact claims do not agree. */
static char *in_words(const struct target *old, const struct target *new)
{
	__cleanup_free char *first = xstrdup(source_pos__str(old->pos));
	struct target_name x = target__name(old, 0), y = target__name(new, 0);

	if (!target_name__compare(&x, &y))
		return xasprintf("%s: %s:%s has other settings here than at %s: remove one of the "
				 "two, or make their settings the same",
				 source_pos__str(new->pos), new->object, new->function, first);
	return xasprintf(
		"%s: %s:%s is the same function as %s:%s, and has other settings here than "
		"at %s: remove one of the two, or make their settings the same",
		source_pos__str(new->pos), new->object, new->function, old->object, old->function,
		first);
}

/* The old claim stands, but if that is no error, there is nothing to be had by it. */
static int conflict(struct discovery *d, struct claim *old, const struct target *b)
{
	struct target *a = old->target;
	char *error = in_words(a, b);

	if (!d->env->lenient) {
		d->error = error;
		return -EINVAL;
	}
	old->disputed = true;
	a->reason = REASON_REFUSED;
	free(a->why);
	a->why = error;
	return 0;
}

/* A claim that can be had beats one that cannot, then a name a glob, then the user's a preset's. */
static int rank(const struct claim *claim)
{
	return (claim->target->reason == REASON_NONE) * 4 + claim->exact * 2 +
	       !claim->target->builtin;
}

/* Which of the two targets of one function stands? */
static int settle(struct discovery *d, struct claim *old, const struct claim *new, bool *replace)
{
	*replace = !old->disputed && rank(new) > rank(old);
	if (rank(new) != rank(old) || !new->exact)
		return 0;
	if (!probe_settings__same(old->target->settings, new->target->settings) ||
	    old->target->settings->max_rate != new->target->settings->max_rate)
		return conflict(d, old, new->target);
	return 0;
}

/* t does not support the requested settings. Takes ownership of why. Of a function that was named,
 * that is a mistake in the configuration; unless the machine has changed since, or does not
 * describe the function (`undescribed`). A glob's is left out, and finish_glob sees to it that some
 * are left. */
static int refuse(struct discovery *d, const struct request *r, struct target *t,
		  const struct source_pos *pos, bool undescribed, char *why)
{
	char *error;

	t->reason = REASON_REFUSED;
	t->why = why;
	if (d->env->lenient || undescribed)
		return 0;
	error = xasprintf("%s: %s", source_pos__str(pos), why);
	if (!r->pattern->glob) {
		d->error = error;
		return -EINVAL;
	}
	if (d->nrefused++)
		free(error);
	else
		d->refusal = error;
	return 0;
}

static bool has_type(struct discovery *d, const struct target *t)
{
	return t->type != TARGET_KERNEL || btf_types__has(discover_kernel__types(d), t->object);
}

/* A program's owner says what its types are, and must not end other probes by that. */
static bool is_for_certain(struct discovery *d, const struct target *t)
{
	return has_type(d, t) && !t->described;
}

static bool has_parameters(struct discovery *d, const struct target *t)
{
	return t->type == TARGET_SYSCALL ? d->env->tracefs >= 0 : has_type(d, t);
}

/* Reads the result as `returns:` says. */
static int apply_returns(struct discovery *d, const struct request *r, struct target *t)
{
	const struct probe_settings *s = &r->list->settings;
	__cleanup_free char *name = xasprintf("%s:%s", t->object, t->function);
	struct retkind_request request = { s->returns, s->c_type, t->type == TARGET_USER, name,
					   t->signature };
	struct retkind result = { t->kind, t->ret_size };
	char *why;

	/* Only a pointer is null, so this says the type where it is not known. */
	if (t->kind == RP_KIND_RAW && s->returns == RETURNS_AUTO && !s->c_type && s->error.text &&
	    result__asks_for_null(s->error.text))
		request.asked = RETURNS_POINTER;
	if (retkind__apply(&request, &result, &why))
		return refuse(d, r, t, &s->returns_pos, !is_for_certain(d, t), why);
	t->kind = result.kind;
	t->ret_size = result.size;
	return 0;
}

static int apply_error(struct discovery *d, const struct request *r, struct target *t)
{
	const struct expression *error = &r->list->settings.error;
	struct result result = target__result(t);
	__cleanup_free char *why = NULL;

	if (error->text && result__compile_error(&result, error->text, &t->error, &why))
		return refuse(d, r, t, &error->pos, !is_for_certain(d, t),
			      xasprintf("%s:%s: error: %s", t->object, t->function, why));
	return 0;
}

static int apply_extra(struct discovery *d, const struct request *r, struct target *t)
{
	__cleanup_free char *why = NULL;
	const struct source_pos *pos;

	if (discover_extra(d, &r->list->settings, t, &pos, &why))
		return refuse(d, r, t, pos, !has_parameters(d, t),
			      xasprintf("%s:%s: %s", t->object, t->function, why));
	return 0;
}

static void enter_place(struct discovery *d, struct claim *claim)
{
	if (claim->target->reason == REASON_NONE)
		xtsearch(claim, &d->by_place, compare_places);
}

/* Of one function's symbols, some have a size or cold parts, and others have not. */
static void complete(struct target *t, struct target *other)
{
	if (t->size < other->size)
		t->size = other->size;
	if (t->ncold)
		return;
	t->cold = take_ptr(other->cold);
	t->ncold = other->ncold;
}

/* Of two claims of one function, or of one name. new's target is taken. */
static int merge(struct discovery *d, struct claim *old, struct claim *new)
{
	bool had_place = old->target->reason == REASON_NONE,
	     both = had_place && new->target->reason == REASON_NONE,
	     same = both && !compare_places(old, new), replace;
	int err = settle(d, old, new, &replace);

	/* A name is that of one function: the first. */
	if (!err && replace && both == same) {
		struct target *loser = old->target;

		*old = *new;
		new->target = loser;
		if (!had_place)
			enter_place(d, old);
	}
	if (same)
		complete(old->target, new->target);
	target__free(new->target);
	return err;
}

/* t has its settings. */
static int enter(struct discovery *d, struct target *t, bool exact)
{
	struct claimed_name *name = enter_name(d, t);
	struct claim *there = discovery__find_place(d, t), new = { .target = t, .exact = exact };

	/* What could not be had by this name is another's. */
	if (there && name->claim && name->claim->target->reason != REASON_NONE &&
	    !name->claim->disputed) {
		target__free(take_ptr(name->claim->target));
		name->claim = NULL;
	}
	if (!name->claim)
		name->claim = there;
	if (name->claim)
		return merge(d, name->claim, &new);
	name->claim = xcalloc(1, sizeof(*name->claim));
	*name->claim = new;
	enter_place(d, name->claim);
	*(struct claim **)array__grow(&d->claims, &d->nclaims, sizeof(*d->claims)) = name->claim;
	return 0;
}

int discovery__claim(struct discovery *d, const struct request *r, struct target *t)
{
	int err = 0;

	if (t->reason == REASON_NONE)
		err = apply_returns(d, r, t);
	if (!err && t->reason == REASON_NONE)
		err = apply_error(d, r, t);
	if (!err && t->reason == REASON_NONE)
		err = apply_extra(d, r, t);
	if (err) {
		target__free(t);
		return err;
	}
	t->settings = &r->list->settings;
	t->pos = &r->pattern->pos;
	t->builtin = r->list->builtin;
	return enter(d, t, !r->pattern->glob);
}

int discovery__claim_failed(struct discovery *d, const struct request *r, struct target *t,
			    enum target_reason reason, char *why)
{
	t->reason = reason;
	t->why = why;
	return discovery__claim(d, r, t);
}

/* ---- the result ---- */

static void leave_as_is(void *node)
{
}

/* The trees compare targets, so they go before those do. */
void discovery__free_claims(struct discovery *d)
{
	tdestroy(take_ptr(d->by_place), leave_as_is);
	tdestroy(take_ptr(d->by_name), leave_as_is);
	for (size_t i = 0; i < d->nnames; i++) {
		free(d->names[i]->name.object);
		free(d->names[i]->name.function);
		free(d->names[i]);
	}
	free(take_ptr(d->names));
	d->nnames = 0;
	for (size_t i = 0; i < d->nclaims; i++) {
		target__free(d->claims[i]->target);
		free(d->claims[i]);
	}
	free(take_ptr(d->claims));
	d->nclaims = 0;
}

/* A target is called as the configuration first calls it. */
static void name_targets(struct discovery *d)
{
	for (size_t i = 0; i < d->nnames; i++) {
		struct claim *claim = d->names[i]->claim;
		struct target_name *name = &d->names[i]->name;
		struct target *t = claim->target;

		if (claim->named) {
			target__add_name(t, name->object, name->function);
			continue;
		}
		claim->named = true;
		free(t->object);
		free(t->function);
		t->object = take_ptr(name->object);
		t->function = take_ptr(name->function);
	}
}

/* A spec (bpf/abi.h) has 12 bits for the number of a probe's extras. Refuses the probes beyond. */
static void limit_extras(struct discovery *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nclaims; i++) {
		struct target *t = d->claims[i]->target;

		if (!t || t->reason != REASON_NONE || !t->extra || n++ < RP_MAX_CAPTURES)
			continue;
		t->reason = REASON_REFUSED;
		t->why = xasprintf(
			"no more than %d functions with labels, filters or observed values "
			"can be probed at a time: narrow the globs",
			RP_MAX_CAPTURES);
	}
}

struct targets *discovery__collect(struct discovery *d)
{
	struct targets *all = xcalloc(1, sizeof(*all));

	name_targets(d);
	limit_extras(d);
	all->v = xcalloc(d->nclaims, sizeof(struct target *));
	for (int attachable = 1; attachable >= 0; attachable--) {
		for (size_t i = 0; i < d->nclaims; i++) {
			struct target *t = d->claims[i]->target;

			if (!t || (t->reason == REASON_NONE) != attachable)
				continue;
			if (attachable)
				t->id = all->nids++;
			all->v[all->n++] = t;
			d->claims[i]->target = NULL;
		}
	}
	discovery__free_claims(d);
	return all;
}
