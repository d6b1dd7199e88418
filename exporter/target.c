/* SPDX-License-Identifier: GPL-2.0-only */
/* Targets as such: made, compared, described, freed. */
#include "target.h"

#include "extra.h"

const char *const kind_names[RP_KIND_MAX] = {
	[RP_KIND_ERRNO] = "errno",  [RP_KIND_UNSIGNED] = "unsigned", [RP_KIND_POINTER] = "pointer",
	[RP_KIND_BOOL] = "bool",    [RP_KIND_ENUM] = "enum",	     [RP_KIND_VOID] = "void",
	[RP_KIND_RAW] = "raw",	    [RP_KIND_SIZE] = "size",	     [RP_KIND_VALUE] = "value",
	[RP_KIND_UVALUE] = "value",
};

const char *const target_reason_names[REASON_MAX] = {
	[REASON_NONE] = "",
	[REASON_NOT_FOUND] = "not_found",
	[REASON_AMBIGUOUS] = "ambiguous",
	[REASON_DENIED] = "denied",
	[REASON_REFUSED] = "refused",
	[REASON_WAITING] = "waiting",
	[REASON_OVERLOAD] = "overload",
	[REASON_DISABLED] = "disabled",
	[REASON_RELINKED] = "relinked",
};

struct target *target__new(enum target_type type, const char *object, const char *function)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->id = UINT32_MAX;
	t->type = type;
	t->object = xstrdup(object);
	t->function = xstrdup(function);
	t->kind = RP_KIND_RAW;
	t->ret_size = 8;
	t->nr = t->nr32 = -1;
	return t;
}

void target__free(struct target *t)
{
	if (!t)
		return;
	enumerators__free(t->enumerators, t->nenumerators);
	free(t->object);
	free(t->function);
	free(t->signature);
	free(t->why);
	free(t->symbol);
	extra__free(t->extra);
	opened_file__unref(t->opened);
	free(t->cold);
	exits__free(&t->exits);
	free(t->unfollowed);
	free(t);
}

const char *target__enumerator(const struct target *t, int64_t value)
{
	return enumerators__name(t->enumerators, t->nenumerators, value);
}

int target__compare(const struct target *x, const struct target *y)
{
	int order = (int)x->type - (int)y->type;

	if (!order)
		order = strcmp(x->object, y->object);
	return order ? order : strcmp(x->function, y->function);
}

bool target__same(const struct target *a, const struct target *b)
{
	return !target__compare(a, b) && a->kind == b->kind && a->ret_size == b->ret_size &&
	       a->addr == b->addr && a->btf_id == b->btf_id && a->nr == b->nr &&
	       a->nr32 == b->nr32 && a->offset == b->offset && file_id__same(&a->file, &b->file) &&
	       probe_settings__same(a->settings, b->settings) && extra__same(a->extra, b->extra);
}

struct target *target__describe(const struct target *t)
{
	struct target *d = target__new(t->type, t->object, t->function);

	d->kind = t->kind;
	d->signature = t->signature ? xstrdup(t->signature) : NULL;
	d->reason = t->reason;
	d->why = t->why ? xstrdup(t->why) : NULL;
	d->file = t->file;
	d->pos = NULL;
	d->builtin = t->builtin;
	return d;
}

void targets__free(struct targets *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		target__free(t->v[i]);
	free(t->v);
	free(t);
}
