/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel functions. A name may be in several objects (static functions of modules), several times
 * in one object (static functions of several source files), or only as what the compiler made of
 * it; a probe is placed by name, so anything but one function per name is ambiguous.
 */
#include <ctype.h>
#include <errno.h>

#include "kernel/advice.h"
#include "base/buf.h"
#include "discover/denylist.h"
#include "discover/internal.h"

/* What a name of the configuration stands for. */
struct found {
	const struct ksym *sym; /* NULL: nothing, or ambiguous */
	size_t n;		/* functions that it could be */
	struct buf candidates;	/* "vmlinux:f, ext4:f" */
};

/* The object that the pattern's functions are in; NULL: any. As long as a module is not there, it
 * may be built in: nothing in kallsyms tells what was a module's. */
static const char *scope_of(const struct symbols *s, const struct pattern *p)
{
	if (p->type == OBJECT_MODULE && !symbols__has_object(s, p->object))
		return SYMBOLS_VMLINUX;
	return p->type == OBJECT_ANY ? NULL : p->object;
}

static bool in_scope(const char *scope, const struct ksym *sym)
{
	return !scope || !strcmp(scope, sym->object);
}

static const char *object_label(const char *scope)
{
	return scope ? scope : SYMBOLS_VMLINUX;
}

static void add_found(struct found *f, const struct ksym *sym)
{
	f->sym = f->n ? NULL : sym;
	buf__printf(&f->candidates, "%s%s:%s", f->n ? ", " : "", sym->object, sym->name);
	f->n++;
}

static void find(const struct symbols *s, const char *scope, const char *name, struct found *f)
{
	const struct ksym *const *derived;
	size_t n;

	for (const struct ksym *k = symbols__find(s, name); k; k = symbols__next(s, k)) {
		if (in_scope(scope, k))
			add_found(f, k);
	}
	if (f->n)
		return;
	derived = symbols__derived(s, &n);
	for (size_t i = 0; i < n; i++) {
		if (discovery__is_clone(derived[i]->name, name) && in_scope(scope, derived[i]))
			add_found(f, derived[i]);
	}
}

/* A function may have names that the list has not. */
static const char *why_denied(const struct symbols *s, const struct ksym *sym)
{
	const char *why = denylist__kernel(sym->name);

	for (const struct ksym *k = symbols__alias(s, sym); k != sym && !why;
	     k = symbols__alias(s, k))
		why = denylist__kernel(k->name);
	return why;
}

enum target_reason discover_kernel__verdict(const struct symbols *s, const struct ksym *sym,
					    const char **why)
{
	*why = why_denied(s, sym);
	if (*why)
		return REASON_DENIED;
	switch (sym->state) {
	case KSYM_NOTRACE:
		*why = "the kernel does not let it be traced (notrace or inlined)";
		return REASON_DENIED;
	case KSYM_BLACKLISTED:
		*why = "it is on the kernel's list of functions that kprobes must not touch";
		return REASON_DENIED;
	case KSYM_INIT:
		*why = "it ran while the kernel booted and is gone now";
		return REASON_DENIED;
	case KSYM_TRACEABLE:
		break;
	}
	return REASON_NONE;
}

struct btf_types *discover_kernel__types(struct discovery *d)
{
	if (!d->btf_tried) {
		d->btf_tried = true;
		btf_types__open(d->env->btf_dir, &d->btf);
	}
	return d->btf;
}

/* BTF may have the function by another of its names. */
static const struct ksym *find_type(struct discovery *d, const struct ksym *sym,
				    struct func_type *type)
{
	const struct ksym *k = sym;

	if (!discover_kernel__types(d))
		return NULL;
	do {
		if (!btf_types__function(d->btf, k->object, k->name, type))
			return k;
		k = symbols__alias(d->symbols, k);
	} while (k != sym);
	return NULL;
}

static bool is_unique(const struct symbols *s, const struct ksym *sym)
{
	return sym->copies == 1 && !symbols__next(s, symbols__find(s, sym->name));
}

void discover_kernel__type(struct discovery *d, const struct ksym *sym, struct target *t)
{
	struct func_type type;
	const struct ksym *typed = find_type(d, sym, &type);

	if (!typed)
		return;
	t->kind = type.kind;
	t->ret_size = type.size;
	/* A compiler's clone goes by its original's type, but is not that function. The kernel
	 * looks the type's name up: by that of another function, it would find that. */
	t->btf_id = strchr(typed->name, '.') || !is_unique(d->symbols, typed) ? 0 : type.id;
	t->btf_name = typed == sym ? NULL : xstrdup(typed->name);
	t->slots = type.slots;
	t->signature = take_ptr(type.signature);
	t->enumerators = take_ptr(type.enumerators);
	t->nenumerators = type.nenumerators;
}

static struct target *target_of(struct discovery *d, const struct ksym *sym)
{
	struct target *t = target__new(TARGET_KERNEL, sym->object, sym->name);
	const struct ksym *first = symbols__find(d->symbols, sym->name);

	t->addr = sym->addr;
	t->symbol = xstrdup(sym->name);
	t->needs_addr = symbols__next(d->symbols, first) != NULL;
	discover_kernel__type(d, sym, t);
	return t;
}

static int claim_symbol(struct discovery *d, const struct request *r, const struct ksym *sym)
{
	enum target_reason reason;
	const char *why;

	if (discovery__excluded(d, r, sym->object, sym->name))
		return 0;
	if (sym->copies > 1)
		return discovery__claim_failed(
			d, r, target__new(TARGET_KERNEL, sym->object, sym->name), REASON_AMBIGUOUS,
			xasprintf("%s has %u functions of that name, and nothing tells them apart",
				  sym->object, sym->copies));
	reason = discover_kernel__verdict(d->symbols, sym, &why);
	if (reason != REASON_NONE)
		return discovery__claim_failed(d, r,
					       target__new(TARGET_KERNEL, sym->object, sym->name),
					       reason, xstrdup(why));
	return discovery__claim(d, r, target_of(d, sym));
}

/* Several functions, each of which can be named by itself. */
static int claim_ambiguous(struct discovery *d, const struct request *r, const char *scope,
			   const char *name, struct found *f)
{
	const char *object = object_label(scope);

	if (discovery__excluded(d, r, object, name))
		return 0;
	return discovery__claim_failed(
		d, r, target__new(TARGET_KERNEL, object, name), REASON_AMBIGUOUS,
		xasprintf("there are %zu functions of that name: name one of %s", f->n,
			  buf__str(&f->candidates)));
}

/* A part of it that was not inlined: worth a word, but not to be taken for the function. */
static const struct ksym *find_part(const struct symbols *s, const struct pattern *p,
				    const char *scope)
{
	size_t n, len;
	const struct ksym *const *derived = symbols__derived(s, &n);

	for (size_t f = 0; f < p->nfunctions; f++) {
		len = strlen(p->functions[f]);
		for (size_t i = 0; i < n; i++) {
			if (!strncmp(derived[i]->name, p->functions[f], len) &&
			    !strncmp(derived[i]->name + len, ".part.", 6) &&
			    in_scope(scope, derived[i]))
				return derived[i];
		}
	}
	return NULL;
}

static const struct ksym *find_elsewhere(const struct symbols *s, const struct pattern *p)
{
	const struct ksym *sym = NULL;

	for (size_t i = 0; i < p->nfunctions && !sym && !p->glob; i++)
		sym = symbols__find(s, p->functions[i]);
	return sym;
}

static bool is_builtin(const struct symbols *s, const char *name)
{
	const struct ksym *k = symbols__find(s, name);

	while (k && strcmp(k->object, SYMBOLS_VMLINUX))
		k = symbols__next(s, k);
	return k;
}

/* Is the module of OBJECT_MODULE a part of this kernel? It is if another function of the list is,
 * so that one that is missing is missing for good. */
static bool module_is_builtin(const struct symbols *s, const struct request *r)
{
	for (size_t i = 0; i < r->list->npatterns; i++) {
		const struct pattern *p = &r->list->patterns[i];

		for (size_t j = 0; j < p->nfunctions && !p->exclude; j++)
			if (is_builtin(s, p->functions[j]))
				return true;
	}
	return false;
}

/* Letters of which KBUILD_MODNAME is made: "libc.so.6" has others. */
static bool is_module_name(const char *object)
{
	while (isalnum((unsigned char)*object) || *object == '_')
		object++;
	return !*object;
}

static bool is_foreign(const struct pattern *p)
{
	__cleanup_free char *why = p->type == OBJECT_KERNEL ? discover_hint__foreign(p) : NULL;

	return why;
}

/* A pattern that finds nothing: may that be because its module is not there yet? Where the lists of
 * modules cannot be read, it may. */
static enum target_reason reason_missing(struct discovery *d, const struct request *r)
{
	const struct symbols *s = d->symbols;
	const struct pattern *p = r->pattern;

	if (p->type == OBJECT_ANY || symbols__has_object(s, p->object) ||
	    !strcmp(p->object, SYMBOLS_VMLINUX) || find_elsewhere(s, p) || is_foreign(p) ||
	    (p->type == OBJECT_MODULE && module_is_builtin(s, r)) || !is_module_name(p->object))
		return REASON_NOT_FOUND;
	return !discovery__modules(d) || module_list__find(d->modules, p->object) == MODULE_LOADABLE
		       ? REASON_WAITING
		       : REASON_NOT_FOUND;
}

static char *why_waiting(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *near = NULL;

	if (d->modules)
		return xasprintf("module %s is not loaded; it will be probed once it is",
				 p->object);
	near = discover_hint__object(d, r);
	return xasprintf("module %s is not loaded; it will be probed once it is (cannot check "
			 "whether this kernel has it: %s: %s)%s",
			 p->object, d->modules_path, strerror(-d->modules_error), near);
}

/* Of a module that is not there; NULL: it is not for that. */
static char *why_no_module(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *near = NULL;

	if (p->type == OBJECT_ANY || symbols__has_object(d->symbols, p->object) ||
	    !strcmp(p->object, SYMBOLS_VMLINUX))
		return NULL;
	if (is_module_name(p->object) &&
	    (!discovery__modules(d) || module_list__find(d->modules, p->object) != MODULE_UNKNOWN))
		return NULL;
	near = discover_hint__object(d, r);
	return is_module_name(p->object)
		       ? xasprintf("this kernel has no module %s%s", p->object, near)
		       : xasprintf("%s is not a kernel module%s", p->object, near);
}

/* Why a pattern finds nothing, and what to do about it. To be freed. */
static char *why_not_found(struct discovery *d, const struct request *r, const char *scope)
{
	const struct symbols *s = d->symbols;
	const struct pattern *p = r->pattern;
	__cleanup_free char *functions = discovery__in_words(p), *near = NULL;
	const char *where = scope ? scope : "this kernel";
	const struct ksym *sym = scope ? find_elsewhere(s, p) : NULL;

	if (p->type == OBJECT_KERNEL && !symbols__has_object(s, p->object))
		near = discover_hint__foreign(p);
	if (near)
		return take_ptr(near);
	if (sym)
		return xasprintf("%s is not in %s but in %s: write %s:%s", sym->name, p->object,
				 sym->object, sym->object, sym->name);
	near = why_no_module(d, r);
	if (near)
		return take_ptr(near);
	sym = p->glob ? NULL : find_part(s, p, scope);
	if (sym)
		return xasprintf("the compiler has inlined %s; %s is what remains of it, and sees "
				 "only some of the calls",
				 functions, sym->name);
	if (p->glob) {
		near = discover_hint__elsewhere(d, r);
		return xasprintf("no function of %s matches %s%s", where, functions, near);
	}
	near = r->list->builtin ? xstrdup("") : discover_hint__kernel(d, r, scope);
	if (!*near && !scope)
		return xasprintf("no function %s in this kernel; if it is in a module, it will be "
				 "probed once that is loaded",
				 functions);
	return xasprintf("no function %s in %s%s", functions, where, near);
}

static char *why_missing(struct discovery *d, const struct request *r, enum target_reason reason,
			 const char *scope)
{
	return reason == REASON_WAITING ? why_waiting(d, r) : why_not_found(d, r, scope);
}

static int claim_missing(struct discovery *d, const struct request *r, const char *scope)
{
	__cleanup_free char *written = discovery__written(r->pattern);
	enum target_reason reason = reason_missing(d, r);
	const char *object = reason == REASON_WAITING ? r->pattern->object : object_label(scope);

	if (discovery__excluded(d, r, object, written))
		return 0;
	return discovery__claim_failed(d, r, target__new(TARGET_KERNEL, object, written), reason,
				       why_missing(d, r, reason, scope));
}

static int resolve_exact(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	const char *scope = scope_of(d->symbols, p);

	for (size_t i = 0; i < p->nfunctions; i++) {
		struct found f = {};
		int err = 0;

		find(d->symbols, scope, p->functions[i], &f);
		if (f.sym)
			err = claim_symbol(d, r, f.sym);
		else if (f.n)
			err = claim_ambiguous(d, r, scope, p->functions[i], &f);
		buf__free(&f.candidates);
		if (f.n)
			return err;
	}
	return claim_missing(d, r, scope);
}

static int by_name(const void *a, const void *b)
{
	const struct ksym *x = *(const struct ksym *const *)a, *y = *(const struct ksym *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->object, y->object);
}

/* Ambiguous for this pattern: without an OBJECT, a name must be in one object only. */
static bool is_ambiguous(const struct symbols *s, const struct pattern *p, const struct ksym *sym)
{
	return sym->copies > 1 ||
	       (p->type == OBJECT_ANY && symbols__next(s, symbols__find(s, sym->name)));
}

static int resolve_glob(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	const char *scope = scope_of(d->symbols, p);
	size_t n, nmatches = 0;
	const struct ksym *all = symbols__all(d->symbols, &n);
	__cleanup_free const struct ksym **matches = NULL;
	enum target_reason reason = REASON_NOT_FOUND;
	struct events events = {};
	const char *why;
	int err;

	for (size_t i = 0; i < n; i++) {
		const struct ksym *sym = &all[i];

		if (!in_scope(scope, sym) || !pattern__matches(p, sym->name))
			continue;
		if (discovery__excluded(d, r, sym->object, sym->name))
			events.excluded++;
		else if (discover_kernel__verdict(d->symbols, sym, &why) != REASON_NONE)
			events.denied++;
		else if (is_ambiguous(d->symbols, p, sym))
			events.ambiguous++;
		else
			*(const struct ksym **)array__grow(&matches, &nmatches, sizeof(*matches)) =
				sym;
	}
	if (nmatches)
		qsort(matches, nmatches, sizeof(*matches), by_name);
	for (size_t i = 0; i < nmatches; i++) {
		err = discovery__claim(d, r, target_of(d, matches[i]));
		if (err)
			return err;
	}
	events.taken = nmatches;
	if (!nmatches)
		reason = reason_missing(d, r);
	return discovery__finish_glob(d, r, TARGET_KERNEL, object_label(scope), &events, reason,
				      nmatches ? NULL : why_missing(d, r, reason, scope));
}

int discover_kernel(struct discovery *d, const struct request *r)
{
	__cleanup_free char *written = NULL, *advice = NULL;

	if (discovery__symbols(d))
		return r->pattern->glob ? resolve_glob(d, r) : resolve_exact(d, r);
	advice = advice__of(ATTEMPT_SYMBOLS, d->symbols_error, (struct demand){});
	written = discovery__written(r->pattern);
	return discovery__claim_failed(
		d, r,
		target__new(TARGET_KERNEL,
			    r->pattern->object ? r->pattern->object : SYMBOLS_VMLINUX, written),
		REASON_NOT_FOUND,
		xasprintf("cannot learn what functions this kernel has (%s): neither "
			  "/proc/kallsyms nor tracefs can be read",
			  advice));
}
