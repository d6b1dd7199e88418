/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function is one target, even if several patterns claim it by several names. lseek and lseek64
 * of libc are one address: two probes there would count each other's calls. A target has every name
 * that was claimed.
 *
 * An exact name takes precedence over a glob, in any order, so that one function of `vfs_*` can
 * have other settings. Between two exact names, the user's precedes a preset's; two of the user, or
 * two of presets, must have the same settings. Between two globs, the user's precedes a preset's,
 * then the first one the second.
 */
#include "discover/claims.h"

#include <errno.h>
#include <search.h>

#include "base/log.h"
#include "discover/capture.h"
#include "discover/processes.h"
#include "discover/sites.h"
#include "discover/twice.h"
#include "expr/capture.h"
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
static struct claimed_name *enter_name(struct claims *c, const struct target *t)
{
	struct claimed_name key = { t->type, { t->object, t->function, t->probe }, NULL };
	struct claimed_name *n, **found;

	found = tfind(&key, &c->by_name, compare_names);
	if (found)
		return *found;
	n = xcalloc(1, sizeof(*n));
	n->type = t->type;
	n->name = (struct target_name){ xstrdup(t->object), xstrdup(t->function),
					t->probe ? xstrdup(t->probe) : NULL };
	xtsearch(n, &c->by_name, compare_names);
	*(struct claimed_name **)array__grow(&c->names, &c->nnames, sizeof(*c->names)) = n;
	return n;
}

struct claim *claims__find(const struct claims *c, struct target *t)
{
	struct claim key = { .target = t }, **found;

	found = t->reason == REASON_NONE ? tfind(&key, &c->by_place, compare_places) : NULL;
	return found ? *found : NULL;
}

/* The message about two exact claims with different settings. */
static char *in_words(const struct target *old, const struct target *new)
{
	__cleanup_free char *first = xstrdup(source_pos__str(old->pos));
	struct target_name x = target__name(old, 0), y = target__name(new, 0);

	if (!target_name__compare(&x, &y))
		return xasprintf(
			"%s: %s:%s has other settings here than at %s: remove one of the "
			"two, make their settings the same, or name one, as in probe: slow",
			source_pos__str(new->pos), new->object, new->function, first);
	return xasprintf(
		"%s: %s:%s is the same function as %s:%s, and has other settings here than "
		"at %s: remove one of the two, make their settings the same, or name one, as in "
		"probe: slow",
		source_pos__str(new->pos), new->object, new->function, old->object, old->function,
		first);
}

/* An error; or, if env is lenient, a target that is not attached. */
static int conflict(struct claims *c, struct claim *old, const struct target *b)
{
	char *error = in_words(old->target, b);

	if (!c->sources->env->lenient) {
		c->error = error;
		return -EINVAL;
	}
	old->disputed = true;
	target__set_reason(old->target, REASON_REFUSED, error);
	return 0;
}

/* Attachable claims first, then exact names, then the user's. */
static int rank(const struct claim *claim)
{
	return (claim->target->reason == REASON_NONE) * 4 + claim->exact * 2 +
	       !claim->target->builtin;
}

static bool same_selection(const struct selection *a, const struct selection *b)
{
	return a && b ? selection__same(a, b) : a == b;
}

/* Which of two claims on a function stands: sets *replace if the new one. */
static int choose(struct claims *c, struct claim *old, const struct claim *new, bool *replace)
{
	*replace = !old->disputed && rank(new) > rank(old);
	if (rank(new) != rank(old) || !new->exact)
		return 0;
	if (!same_selection(old->select, new->select) ||
	    !probe_settings__same(old->target->settings, new->target->settings) ||
	    !probe_notes__same(&old->target->settings->notes, &new->target->settings->notes) ||
	    old->target->settings->max_rate != new->target->settings->max_rate ||
	    old->target->settings->max_cpu != new->target->settings->max_cpu)
		return conflict(c, old, new->target);
	return 0;
}

/* t does not support the requested settings. Takes ownership of why. For an exact name, that is an
 * error in the configuration, unless the machine may have changed (lenient) or does not describe
 * the function (undescribed). A function of a glob is left out; claims__end_glob() checks that
 * others remain. */
static int refuse(struct claims *c, const struct request *r, struct target *t,
		  const struct source_pos *pos, bool undescribed, char *why)
{
	char *error;

	target__set_reason(t, REASON_REFUSED, why);
	if (c->sources->env->lenient || undescribed)
		return 0;
	error = xasprintf("%s: %s", source_pos__str(pos), why);
	if (!r->pattern->glob) {
		c->error = error;
		return -EINVAL;
	}
	if (c->nrefused++)
		free(error);
	else
		c->refusal = error;
	return 0;
}

int claims__end_glob(struct claims *c, const struct request *r, size_t taken)
{
	__cleanup_free char *first = take_ptr(c->refusal);
	size_t n = c->nrefused;

	c->nrefused = 0;
	if (n && n < taken)
		log_info("%s: left out %zu functions whose types do not suit the settings",
			 r->pattern->text, n);
	if (!n || n < taken)
		return 0;
	if (n == 1)
		c->error = take_ptr(first);
	else
		c->error = xasprintf("%s; the same applies to all %zu functions that match %s",
				     first, n, r->pattern->text);
	return -EINVAL;
}

static bool has_type(struct claims *c, const struct target *t)
{
	return (t->type != TARGET_KERNEL && t->type != TARGET_ENTRY) ||
	       kernel_functions__has(sources__types(c->sources), t->object);
}

/* The types of a program come from its owner, whose mistakes must not stop other probes. */
static bool is_for_certain(struct claims *c, const struct target *t)
{
	return has_type(c, t) && !t->described;
}

static bool has_parameters(struct claims *c, const struct target *t)
{
	bool in_tracefs =
		t->type == TARGET_SYSCALL || t->type == TARGET_EVENT || t->type == TARGET_SPAN;

	if (in_tracefs && c->sources->env->tracefs < 0)
		return false;
	switch (t->at_entry ? TARGET_USER : t->type) {
	case TARGET_EVENT:
	case TARGET_RAW_EVENT:
	case TARGET_USER_EVENT:
	case TARGET_SPAN: /* their pointers lead to the kernel's own types */
		return kernel_functions__vmlinux(sources__types(c->sources));
	default:
		return has_type(c, t);
	}
}

/* Applies `returns:`. */
static int apply_returns(struct claims *c, const struct request *r, struct target *t)
{
	const struct probe_settings *s = &r->list->settings;
	__cleanup_free char *name = xasprintf("%s:%s", t->object, t->function);
	struct retkind_request request = { s->returns, s->c_type, t->type == TARGET_USER, name,
					   t->signature };
	struct retkind result = { t->kind, t->ret_size };
	char *why;

	/* `error: "== null"` implies a pointer if the type is unknown. */
	if (t->kind == RP_KIND_RAW && s->returns == RETURNS_AUTO && !s->c_type && s->error.text &&
	    result__asks_for_null(s->error.text))
		request.asked = RETURNS_POINTER;
	if (retkind__apply(&request, &result, &why))
		return refuse(c, r, t, &s->returns_pos, !is_for_certain(c, t), why);
	t->kind = result.kind;
	t->ret_size = result.size;
	return 0;
}

static int apply_error(struct claims *c, const struct request *r, struct target *t)
{
	const struct expression *error = &r->list->settings.error;
	struct result result = target__result(t);
	__cleanup_free char *why = NULL;

	if (error->text && result__compile_error(&result, error->text, &t->error, &why))
		return refuse(c, r, t, &error->pos, !is_for_certain(c, t),
			      xasprintf("%s:%s: error: %s", t->object, t->function, why));
	return 0;
}

static int apply_capture(struct claims *c, const struct request *r, struct target *t)
{
	__cleanup_free char *why = NULL;
	const struct source_pos *pos;
	struct process_filters own;
	int err = 0;

	process_filters__add(&own, r, c->sources->env->programs);
	err = capture__resolve(c->sources, &own.settings, t, &pos, &why);
	if (err) {
		bool ours = process_filters__find(&own, r, &pos);

		err = refuse(c, r, t, pos, ours || err == -ENOENT || !has_parameters(c, t),
			     xasprintf("%s:%s: %s", t->object, t->function, why));
	}
	process_filters__free(&own);
	return err;
}

static void enter_place(struct claims *c, struct claim *claim)
{
	if (claim->target->reason == REASON_NONE)
		xtsearch(claim, &c->by_place, compare_places);
}

/* Not every symbol of a function has its size and cold parts. */
static void complete(struct target *t, struct target *other)
{
	if (t->size < other->size)
		t->size = other->size;
	if (t->ncold)
		return;
	t->cold = take_ptr(other->cold);
	t->ncold = other->ncold;
}

/* Merges two claims on one function or one name. Takes ownership of new's target. */
static int merge(struct claims *c, struct claim *old, struct claim *new)
{
	bool had_place = old->target->reason == REASON_NONE,
	     both = had_place && new->target->reason == REASON_NONE,
	     same = both && !compare_places(old, new), replace;
	int err = choose(c, old, new, &replace);

	/* A name belongs to one function: the first. */
	if (!err && replace && both == same) {
		struct target *loser = old->target;

		*old = *new;
		new->target = loser;
		if (!had_place)
			enter_place(c, old);
	}
	if (same)
		complete(old->target, new->target);
	target__free(new->target);
	return err;
}

/* Enters t, whose settings have been applied. */
static int enter(struct claims *c, const struct request *r, struct target *t)
{
	struct claimed_name *name = enter_name(c, t);
	struct claim *there = claims__find(c, t),
		     new = { .target = t, .exact = !r->pattern->glob, .select = r->list->select };

	/* A claim by this name that cannot be attached gives way. */
	if (there && name->claim && name->claim->target->reason != REASON_NONE &&
	    !name->claim->disputed) {
		target__free(take_ptr(name->claim->target));
		name->claim = NULL;
	}
	if (!name->claim)
		name->claim = there;
	if (name->claim)
		return merge(c, name->claim, &new);
	name->claim = xcalloc(1, sizeof(*name->claim));
	*name->claim = new;
	enter_place(c, name->claim);
	*(struct claim **)array__grow(&c->v, &c->n, sizeof(*c->v)) = name->claim;
	return 0;
}

/* A claim of the same list on the function, in another file: both are one target. */
static struct claim *find_selected(const struct claims *c, const struct request *r,
				   struct target *t)
{
	struct claim *claim = t->selected ? claims__find(c, t) : NULL;

	return claim && claim->select == r->list->select ? claim : NULL;
}

static void add_file(struct claim *claim, const struct request *r, struct target *file)
{
	struct target *t = claim->target;
	bool known = t->opened == file->opened;

	claim->exact |= !r->pattern->glob;
	for (size_t i = 0; i < t->nmore; i++)
		known |= t->more[i]->opened == file->opened;
	file->settings = t->settings;
	if (known)
		target__free(file);
	else
		*(struct target **)array__grow(&t->more, &t->nmore, sizeof(*t->more)) = file;
}

int claims__add(struct claims *c, const struct request *r, struct target *t)
{
	const char *probe = r->list->settings.name;
	struct claim *selected;
	int err = 0;

	t->probe = probe ? xstrdup(probe) : NULL;
	selected = find_selected(c, r, t);
	if (selected) {
		add_file(selected, r, t);
		return 0;
	}
	if (t->reason == REASON_NONE)
		err = apply_returns(c, r, t);
	if (!err && t->reason == REASON_NONE)
		err = apply_error(c, r, t);
	if (!err && t->reason == REASON_NONE)
		err = apply_capture(c, r, t);
	if (err) {
		target__free(t);
		return err;
	}
	t->settings = &r->list->settings;
	t->untimed = t->settings->untimed || target__is_event(t);
	t->pos = &r->pattern->pos;
	t->builtin = r->list->builtin;
	if (t->selected && c->sources->env->programs)
		t->left_out = program_files__left_out(c->sources->env->programs, r->list->select);
	return enter(c, r, t);
}

int claims__add_failed(struct claims *c, const struct request *r, struct target *t,
		       enum target_reason reason, char *why)
{
	target__set_reason(t, reason, why);
	return claims__add(c, r, t);
}

/* ---- results ---- */

static void leave_as_is(void *node)
{
}

/* The trees compare targets, so they are freed first. */
void claims__free(struct claims *c)
{
	tdestroy(take_ptr(c->by_place), leave_as_is);
	tdestroy(take_ptr(c->by_name), leave_as_is);
	for (size_t i = 0; i < c->nnames; i++) {
		free(c->names[i]->name.object);
		free(c->names[i]->name.function);
		free(c->names[i]->name.probe);
		free(c->names[i]);
	}
	free(take_ptr(c->names));
	c->nnames = 0;
	for (size_t i = 0; i < c->n; i++) {
		target__free(c->v[i]->target);
		free(c->v[i]);
	}
	free(take_ptr(c->v));
	c->n = 0;
	free(take_ptr(c->error));
	free(take_ptr(c->refusal));
}

/* The first name in the configuration is the target's main name. */
static void name_targets(struct claims *c)
{
	for (size_t i = 0; i < c->nnames; i++) {
		struct claim *claim = c->names[i]->claim;
		struct target_name *name = &c->names[i]->name;
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

/* A target descriptor (bpf/abi.h) has 12 bits for the index of a capture spec. Refuses further
 * ones. */
static void limit_captures(struct claims *c)
{
	const struct capture_spec *v[RP_MAX_CAPTURES + SPAN_PLACES_MAX];
	uint32_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct target *t = c->v[i]->target;
		uint32_t before = n;

		if (!t || t->reason != REASON_NONE || !t->capture)
			continue;
		capture_spec__number(t->capture, v, &n);
		for (size_t k = 0; k < t->npoints; k++)
			capture_spec__number(t->points[k].capture, v, &n);
		if (n <= RP_MAX_CAPTURES)
			continue;
		n = before;
		target__set_reason(
			t, REASON_REFUSED,
			xasprintf("no more than %d different sets of labels, filters and observed "
				  "values can be probed at a time: leave some out",
				  RP_MAX_CAPTURES));
	}
}

static void settle(struct claims *c)
{
	struct target **v = xcalloc(c->n + 1, sizeof(*v));

	for (size_t i = 0; i < c->n; i++)
		v[i] = c->v[i]->target;
	twice__settle(v, c->n);
	sites__settle(v, c->n);
	for (size_t i = 0; i < c->n; i++)
		c->v[i]->target = v[i];
	free(v);
}

struct targets *claims__collect(struct claims *c)
{
	struct targets *all = xcalloc(1, sizeof(*all));

	name_targets(c);
	settle(c);
	limit_captures(c);
	all->v = xcalloc(c->n, sizeof(struct target *));
	for (int attachable = 1; attachable >= 0; attachable--) {
		for (size_t i = 0; i < c->n; i++) {
			struct target *t = c->v[i]->target;

			if (!t || (t->reason == REASON_NONE) != attachable)
				continue;
			if (attachable)
				t->id = all->nids++;
			all->v[all->n++] = t;
			c->v[i]->target = NULL;
		}
	}
	claims__free(c);
	return all;
}
