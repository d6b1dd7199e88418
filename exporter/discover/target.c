/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/target.h"

#include "expr/capture.h"
#include "kernel/symbols.h"

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
	t->nr = t->nr32 = t->nr_x32 = -1;
	return t;
}

void target__free(struct target *t)
{
	if (!t)
		return;
	enumerators__free(t->enumerators, t->nenumerators);
	free(t->object);
	free(t->probe);
	free(t->function);
	for (size_t i = 0; i < t->nothers; i++) {
		free(t->others[i].object);
		free(t->others[i].function);
	}
	free(t->others);
	free(t->signature);
	free(t->why);
	free(t->note);
	free(t->symbol);
	free(t->btf_name);
	free(t->no_function);
	for (size_t i = 0; i < t->npoints; i++) {
		opened_file__unref(t->points[i].opened);
		if (t->points[i].capture != t->capture)
			capture_spec__free(t->points[i].capture);
	}
	free(t->points);
	for (size_t i = 0; i < t->nfiles; i++)
		free(t->files[i].path);
	free(t->files);
	capture_spec__free(t->capture);
	opened_file__unref(t->opened);
	free(t->cold);
	exits__free(&t->exits);
	free(t->unfollowed);
	free(t->uncounted);
	for (size_t i = 0; i < t->nmore; i++)
		target__free(t->more[i]);
	free(t->more);
	free(t);
}

struct result target__result(const struct target *t)
{
	return (struct result){ .kind = t->kind,
				.size = t->ret_size,
				.user = t->type == TARGET_USER,
				.enumerators = t->enumerators,
				.nenumerators = t->nenumerators };
}

const char *target__enumerator(const struct target *t, int64_t value)
{
	return enumerators__name(t->enumerators, t->nenumerators, value);
}

/* ---- names and places ------------------------------------------------------------------------ */

void target__set_reason(struct target *t, enum target_reason reason, char *why)
{
	free(t->why);
	t->reason = reason;
	t->why = why;
	t->switched_off = 0;
}

bool target__is_in_module(const struct target *t)
{
	return (t->type == TARGET_KERNEL || t->type == TARGET_ENTRY) &&
	       strcmp(t->object, SYMBOLS_VMLINUX);
}

bool target_type__is_in_file(enum target_type type)
{
	return type == TARGET_USER || type == TARGET_USER_EVENT;
}

bool target__is_in_file(const struct target *t)
{
	return target_type__is_in_file(t->type);
}

bool target__is_event(const struct target *t)
{
	return t->type == TARGET_EVENT || t->type == TARGET_RAW_EVENT || t->type == TARGET_ENTRY ||
	       t->type == TARGET_USER_EVENT;
}

bool target__traps(const struct target *t)
{
	return target__is_in_file(t) || t->nfiles;
}

const struct file_id *target__file(const struct target *t, size_t i, const char **path)
{
	if (target__is_in_file(t) && !i) {
		*path = t->object;
		return &t->file;
	}
	if (i >= t->nfiles)
		return NULL;
	*path = t->files[i].path;
	return &t->files[i].id;
}

void target__add_file(struct target *t, const char *path, const struct file_id *id)
{
	for (size_t i = 0; i < t->nfiles; i++)
		if (!strcmp(t->files[i].path, path))
			return;
	*(struct target_file *)array__grow(&t->files, &t->nfiles, sizeof(*t->files)) =
		(struct target_file){ xstrdup(path), *id };
}

size_t target__nnames(const struct target *t)
{
	return 1 + t->nothers;
}

struct target_name target__name(const struct target *t, size_t i)
{
	struct target_name name =
		i ? t->others[i - 1]
		  : (struct target_name){ .object = t->object, .function = t->function };

	name.probe = t->probe;
	return name;
}

void target__add_name(struct target *t, const char *object, const char *function)
{
	*(struct target_name *)array__grow(&t->others, &t->nothers, sizeof(*t->others)) =
		(struct target_name){ .object = xstrdup(object), .function = xstrdup(function) };
}

#define SWAP(a, b)                         \
	do {                               \
		__typeof__(a) __old = (a); \
		(a) = (b);                 \
		(b) = __old;               \
	} while (0)

void target__swap_names(struct target *a, struct target *b)
{
	SWAP(a->object, b->object);
	SWAP(a->function, b->function);
	SWAP(a->others, b->others);
	SWAP(a->nothers, b->nothers);
	SWAP(a->uncounted, b->uncounted);
}

void target__set_function(struct target *to, const struct target *f)
{
	free(to->symbol);
	free(to->btf_name);
	to->addr = f->addr;
	to->end = f->end;
	to->symbol = xstrdup(f->symbol);
	to->btf_id = f->btf_id;
	to->btf_name = f->btf_name ? xstrdup(f->btf_name) : NULL;
	to->slots = f->slots;
	to->part = f->part;
}

void target__move_file(struct target *to, struct target *from)
{
	opened_file__unref(to->opened);
	free(to->cold);
	exits__free(&to->exits);
	free(to->unfollowed);
	to->file = from->file;
	to->inode = from->inode;
	to->opened = take_ptr(from->opened);
	to->offset = from->offset;
	to->size = from->size;
	to->hazards = from->hazards;
	to->cold = take_ptr(from->cold);
	to->ncold = from->ncold;
	to->exits = from->exits;
	to->unfollowed = take_ptr(from->unfollowed);
	to->followed = from->followed;
	to->removed = false;
	from->exits = (struct exits){};
	from->ncold = 0;
}

void target__swap_files(struct target *a, struct target *b)
{
	struct target *aside = target__new(TARGET_USER, "", "");

	target__move_file(aside, a);
	target__move_file(a, b);
	target__move_file(b, aside);
	target__free(aside);
}

/* NULL comes first. */
static int compare_probes(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

static int compare_names(const struct target_name *a, const struct target_name *b)
{
	int order = strcmp(a->object, b->object);

	return order ? order : strcmp(a->function, b->function);
}

int target_name__compare(const struct target_name *a, const struct target_name *b)
{
	int order = compare_names(a, b);

	return order ? order : compare_probes(a->probe, b->probe);
}

static int compare_words(const uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* If the kernel hides addresses, compare names. */
static int compare_symbols(const struct target *a, const struct target *b)
{
	int order = compare_words(&a->addr, &b->addr, 1);

	if (order || a->addr)
		return order;
	order = strcmp(a->object, b->object);
	return order ? order : strcmp(a->symbol, b->symbol);
}

static int compare_first_names(const struct target *a, const struct target *b)
{
	struct target_name x = target__name(a, 0), y = target__name(b, 0);

	return compare_names(&x, &y);
}

int target__compare_functions(const struct target *a, const struct target *b)
{
	if (a->type != b->type)
		return (int)a->type - (int)b->type;
	switch (a->type) {
	case TARGET_KERNEL:
		return compare_symbols(a, b);
	case TARGET_SYSCALL:
		return compare_words((uint64_t[]){ a->nr, a->nr32 }, (uint64_t[]){ b->nr, b->nr32 },
				     2);
	case TARGET_EVENT:
	case TARGET_RAW_EVENT:
	case TARGET_ENTRY:
	case TARGET_USER_EVENT:
	case TARGET_SPAN:
		return compare_first_names(a, b);
	case TARGET_USER:
	case TARGET_TYPES:
		break;
	}
	if (a->selected != b->selected)
		return a->selected - b->selected;
	/* Their files come and go. */
	if (a->selected)
		return compare_first_names(a, b);
	return compare_words((uint64_t[]){ a->inode.dev, a->inode.ino, a->offset },
			     (uint64_t[]){ b->inode.dev, b->inode.ino, b->offset }, 3);
}

int target__compare_places(const struct target *a, const struct target *b)
{
	int order = target__compare_functions(a, b);

	return order ? order : compare_probes(a->probe, b->probe);
}

/* Each name of a function may have its own type. */
static bool same_type(const struct target *a, const struct target *b)
{
	return a->type != TARGET_KERNEL || a->btf_id == b->btf_id || strcmp(a->symbol, b->symbol);
}

static bool same_place(const struct point_place *a, const struct point_place *b)
{
	return capture_spec__same(a->capture, b->capture) && a->offset == b->offset &&
	       a->semaphore == b->semaphore && !a->opened == !b->opened &&
	       (!a->opened || file_id__same(&a->opened->inode, &b->opened->inode));
}

static bool same_points(const struct target *a, const struct target *b)
{
	for (size_t i = 0; i < a->npoints && a->npoints == b->npoints; i++)
		if (!same_place(&a->points[i], &b->points[i]))
			return false;
	return a->npoints == b->npoints;
}

bool target__same_kind(const struct target *a, const struct target *b)
{
	return a->type == b->type && a->kind == b->kind && a->ret_size == b->ret_size &&
	       probe_settings__same(a->settings, b->settings) &&
	       capture_spec__same(a->capture, b->capture) && same_points(a, b);
}

bool target__same(const struct target *a, const struct target *b)
{
	return target__same_kind(a, b) && !target__compare_places(a, b) && same_type(a, b) &&
	       (a->selected || file_id__same(&a->inode, &b->inode));
}

bool target__same_files(const struct target *a, const struct target *b)
{
	const struct file_id *x, *y;
	const char *path, *other;

	for (size_t i = 0; (x = target__file(a, i, &path)); i++) {
		y = target__file(b, i, &other);
		if (!y || strcmp(path, other) || !file_id__same(x, y))
			return false;
	}
	return !target__file(b, a->nfiles + target__is_in_file(a), &other);
}

struct target *target__describe(const struct target *t)
{
	struct target *d = target__new(t->type, t->object, t->function);

	for (size_t i = 0; i < t->nothers; i++)
		target__add_name(d, t->others[i].object, t->others[i].function);
	d->probe = t->probe ? xstrdup(t->probe) : NULL;
	d->kind = t->kind;
	d->ret_size = t->ret_size;
	d->error = t->error;
	d->untimed = t->untimed;
	d->signature = t->signature ? xstrdup(t->signature) : NULL;
	d->reason = t->reason;
	d->why = t->why ? xstrdup(t->why) : NULL;
	d->file = t->file;
	for (size_t i = 0; i < t->nfiles; i++)
		target__add_file(d, t->files[i].path, &t->files[i].id);
	d->builtin = t->builtin;
	d->selected = t->selected;
	d->left_out = t->left_out;
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
