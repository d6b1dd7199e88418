/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint is one place, and so is the entry or the return of a function. A USDT probe has
 * several (discover/usdt.c). */
#include "discover/points.h"

#include <errno.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/suggest.h"
#include "discover/events.h"
#include "discover/kernel_symbol.h"
#include "discover/raw_tracepoints.h"
#include "discover/scopes.h"
#include "discover/usdt.h"
#include "expr/capture_new.h"

static struct point_place *add_place(struct target *t, const struct span_point *p)
{
	struct point_place *at = array__grow(&t->points, &t->npoints, sizeof(*t->points));

	*at = (struct point_place){ .point = p };
	return at;
}

/* ---- places ---------------------------------------------------------------------------------- */

static char *find_event(struct sources *src, const struct span_point *p, struct target *t,
			enum target_reason *reason)
{
	struct events all;
	char *why = NULL;

	events__read(src->env, &all);
	if (events__have(&all, p->event))
		add_place(t, p);
	else
		why = events__missing(src, &all, p->event, reason);
	events__free(&all);
	return why;
}

static char *find_raw_tracepoint(struct sources *src, const struct span_point *p, struct target *t,
				 enum target_reason *reason)
{
	*reason = REASON_NOT_FOUND;
	if (!raw_tracepoints__find(src, p->event))
		return raw_tracepoints__missing(src, p->event);
	add_place(t, p);
	return NULL;
}

static char *find_function(struct sources *src, const struct span_point *p, struct target *t,
			   enum target_reason *reason)
{
	struct symbols *s = sources__symbols(src);
	const struct ksym *sym = s ? symbols__find(s, p->function) : NULL;
	const char *why = NULL;

	*reason = REASON_NOT_FOUND;
	if (!sym)
		return xasprintf("no function %s in this kernel", p->function);
	*reason = REASON_AMBIGUOUS;
	if (sym->copies > 1 || symbols__next(s, sym))
		return xasprintf("there are several functions %s, and a point is one", p->function);
	*reason = kernel_symbol__verdict(s, sym, true, &why);
	if (why)
		return xasprintf("%s: %s", p->function, why);
	add_place(t, p);
	return NULL;
}

/* By its symbol, or by its name in the source. */
static bool find_symbol(const struct elf_file *f, const char *name, struct elf_symbol *out)
{
	__cleanup_buf struct buf candidates = {};

	return elf_symbols__find(f->symbols, name, out) ||
	       elf_names__find(f->names, name, out, &candidates) == 1;
}

static char *no_symbol(const struct elf_file *f, const char *name)
{
	size_t n = elf_symbols__count(f->symbols);
	__cleanup_free const char **v = xcalloc(n + 1, sizeof(*v));
	__cleanup_free char *near = NULL;

	for (size_t i = 0; i < n; i++)
		v[i] = elf_symbols__at(f->symbols, i).name;
	near = suggest__hint(name, v, n);
	return xasprintf("no function %s in %s%s", name, f->path, near);
}

static void locate(struct point_place *at, const struct elf_file *f, uint64_t offset)
{
	at->opened = opened_file__ref(f->opened);
	at->offset = offset;
}

static char *find_in_file(struct sources *src, const struct span_point *p, struct target *t,
			  enum target_reason *reason)
{
	struct elf_file *f = sources__file(src, p->object);
	__cleanup_free char *why = NULL;
	struct elf_symbol sym;

	*reason = REASON_NOT_FOUND;
	if (!f->symbols)
		return xstrdup(f->why);
	if (!find_symbol(f, p->function, &sym))
		return no_symbol(f, p->function);
	*reason = elf_file__verdict(f, &sym, &why);
	if (*reason != REASON_NONE)
		return xasprintf("%s: %s", p->function, why);
	*reason = REASON_DENIED;
	if (p->kind == POINT_RETURN && elf_symbols__hazards(f->symbols))
		return xasprintf(
			"the return of %s: this program looks at its own return addresses, "
			"which return probes replace; use the entry of a function that "
			"it calls last",
			p->function);
	elf_file__want_parameters(f, src->env, &sym);
	locate(add_place(t, p), f, sym.offset);
	return NULL;
}

static char *find_places(struct sources *src, const struct span_point *p, struct target *t,
			 enum target_reason *reason)
{
	if (p->kind == POINT_USDT)
		return usdt__add_places(sources__file(src, p->object), p->function, p, t, reason);
	if (p->kind == POINT_RAW_TRACEPOINT)
		return find_raw_tracepoint(src, p, t, reason);
	if (p->object)
		return find_in_file(src, p, t, reason);
	return p->function ? find_function(src, p, t, reason) : find_event(src, p, t, reason);
}

char *points__find(struct sources *src, const struct span_settings *s, struct target *t,
		   enum target_reason *reason)
{
	char *why = NULL;

	for (size_t i = 0; i < s->npoints; i++)
		if (s->points[i].object)
			target__add_file(t, s->points[i].object,
					 &sources__file(src, s->points[i].object)->id);
	for (size_t i = 0; i < s->npoints && !why; i++)
		why = find_places(src, &s->points[i], t, reason);
	if (why || t->npoints <= SPAN_PLACES_MAX)
		return why;
	*reason = REASON_REFUSED;
	return xasprintf("its points are at %zu places, as the compiler has copied their code; %d "
			 "are allowed",
			 t->npoints, SPAN_PLACES_MAX);
}

/* ---- what is captured there ------------------------------------------------------------------ */

struct making {
	struct sources *src;
	const struct probe_settings *settings;
	const struct source_pos **pos;
	char **why;
};

static int capture_event(const struct making *m, struct point_place *at, struct expr_scope *scope)
{
	const struct span_point *p = at->point;
	__cleanup_free char *signature = events__signature(m->src->env, p->event);
	struct event_format format = {};
	int err;

	scope->signature = signature;
	scopes__of_event(m->src, p->event, &format, scope);
	err = capture_spec__of_point(m->settings, p, scope, &at->capture, m->pos, m->why);
	event_format__free(&format);
	return err;
}

static int capture_raw_tracepoint(const struct making *m, struct point_place *at,
				  struct expr_scope *scope)
{
	const struct span_point *p = at->point;
	struct raw_tracepoint raw;
	int err;

	raw_tracepoints__scope(m->src, p->event, &raw, scope);
	err = capture_spec__of_point(m->settings, p, scope, &at->capture, m->pos, m->why);
	raw_tracepoint__release(&raw);
	return err;
}

static int capture_function(const struct making *m, struct point_place *at,
			    struct expr_scope *scope)
{
	const struct span_point *p = at->point;
	const struct ksym *sym = symbols__find(sources__symbols(m->src), p->function);
	struct target *f = target__new(TARGET_KERNEL, sym->object, p->function);
	int err;

	f->symbol = xstrdup(p->function);
	kernel_symbol__type(m->src, sym, f);
	scopes__of_function(m->src, f, scope);
	err = capture_spec__of_point(m->settings, p, scope, &at->capture, m->pos, m->why);
	target__free(f);
	return err;
}

/* At a return, there is only the result. */
static void scope_of_return(const struct target *f, const char **type, struct expr_scope *scope)
{
	static const char *const names[] = { "ret" };
	static const char *const types[][2] = {
		[1] = { "unsigned char", "signed char" },
		[2] = { "unsigned short", "short" },
		[4] = { "unsigned int", "int" },
	};

	scope->user = scope->is_return = true;
	scope->signature = f->signature;
	scope->params = names;
	scope->nparams = 1;
	if (f->described && f->ret_size < 8 && types[f->ret_size][0]) {
		*type = types[f->ret_size][f->kind <= RP_KIND_RAW];
		scope->types = type;
	}
}

static int capture_in_file(const struct making *m, struct point_place *at, struct expr_scope *scope)
{
	const struct span_point *p = at->point;
	struct elf_file *file = sources__file(m->src, p->object);
	struct target *f = target__new(TARGET_USER, p->object, p->function);
	struct elf_symbol sym;
	const char *type;
	int err;

	f->opened = opened_file__ref(at->opened);
	f->offset = at->offset;
	if (find_symbol(file, p->function, &sym))
		elf_file__type(file, m->src->env, &sym, f);
	if (p->kind == POINT_RETURN)
		scope_of_return(f, &type, scope);
	else
		scopes__of_user(m->src, f, scope);
	err = capture_spec__of_point(m->settings, p, scope, &at->capture, m->pos, m->why);
	if (!err && p->kind == POINT_RETURN)
		at->capture->kernel.place = RP_PLACE_RETURN;
	target__free(f);
	return err;
}

static int capture_usdt(const struct making *m, struct point_place *at, struct expr_scope *scope)
{
	const struct span_point *p = at->point;
	struct elf_file *f = sources__file(m->src, p->object);
	struct usdt_arguments a;
	int err = usdt__read_arguments(m->src, f, p->function, at, &a, scope);

	if (err)
		return err;
	err = capture_spec__of_point(m->settings, p, scope, &at->capture, m->pos, m->why);
	if (!err) {
		*m->pos = &p->pos;
		err = usdt__set_operands(&at->capture->kernel, &a, m->why);
	}
	free(a.signature);
	return err;
}

static int capture_at(const struct making *m, struct target *t, struct point_place *at)
{
	const struct span_point *p = at->point;
	struct expr_scope scope = { .result.kind = t->kind, .is_point = true };
	int err;

	if (p->kind == POINT_USDT)
		err = capture_usdt(m, at, &scope);
	else if (p->kind == POINT_RAW_TRACEPOINT)
		err = capture_raw_tracepoint(m, at, &scope);
	else if (p->object)
		err = capture_in_file(m, at, &scope);
	else
		err = p->function ? capture_function(m, at, &scope) : capture_event(m, at, &scope);
	if (!err && span_settings__slot_bits(m->settings->span))
		at->capture->kernel.slot_shift = 64 - span_settings__slot_bits(m->settings->span);
	if (err || p->role != m->settings->span->labels_at)
		return err;
	t->capture = t->capture ? t->capture : at->capture;
	if (capture_spec__same_layout(at->capture, t->capture))
		return 0;
	*m->pos = &p->pos;
	return error__refuse(m->why,
			     "the labels read other kinds of fields here than at the first %s: "
			     "numbers, texts and enums must be the same",
			     span_role_names[p->role]);
}

int points__capture(struct sources *src, const struct probe_settings *s, struct target *t,
		    const struct source_pos **pos, char **why)
{
	const struct making m = { src, s, pos, why };
	int err = 0;

	for (size_t i = 0; i < t->npoints && !err; i++)
		err = capture_at(&m, t, &t->points[i]);
	return err;
}
