/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name may exist in several objects (static functions of modules), several times in one object
 * (static functions of several source files), or only as a clone. Probes are placed by name, so a
 * name with several functions is ambiguous.
 */
#include "discover/kernel.h"

#include <ctype.h>

#include "base/buf.h"
#include "discover/hints.h"
#include "discover/kernel_symbol.h"

/* The functions that a name may mean. */
struct found {
	const struct ksym *sym; /* NULL: none, or ambiguous */
	size_t n;		/* number of functions */
	struct buf candidates;	/* "vmlinux:f, ext4:f" */
};

/* The object of the pattern's functions; NULL: any. A module that is not loaded may be built in,
 * which kallsyms does not show: so look in vmlinux. */
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
		if (request__is_clone(derived[i]->name, name) && in_scope(scope, derived[i]))
			add_found(f, derived[i]);
	}
}

static struct target *new_target(const struct request *r, const char *object, const char *name)
{
	bool at_entry = r->pattern->at_entry;
	__cleanup_free char *event = at_entry ? xasprintf("entry:%s", name) : NULL;

	return target__new(at_entry ? TARGET_ENTRY : TARGET_KERNEL, object,
			   at_entry ? event : name);
}

static struct target *target_of(struct discovery *d, const struct request *r,
				const struct ksym *sym)
{
	struct target *t = new_target(r, sym->object, sym->name);

	t->addr = sym->addr;
	t->end = symbols__end(d->sources.symbols, sym);
	t->scheduler = symbols__is_scheduler(d->sources.symbols, sym);
	t->symbol = xstrdup(sym->name);
	kernel_symbol__type(&d->sources, sym, t);
	if (r->pattern->at_entry)
		t->kind = RP_KIND_VOID;
	return t;
}

static int claim_symbol(struct discovery *d, const struct request *r, const struct ksym *sym)
{
	enum target_reason reason;
	const char *why;

	if (exclusions__match(&d->exclusions, r, sym->object, sym->name))
		return 0;
	if (sym->copies > 1)
		return claims__add_failed(
			&d->claims, r, new_target(r, sym->object, sym->name), REASON_AMBIGUOUS,
			xasprintf("%s has %u functions of that name, and nothing tells them apart",
				  sym->object, sym->copies));
	reason = kernel_symbol__verdict(d->sources.symbols, sym, r->pattern->at_entry, &why);
	if (reason != REASON_NONE)
		return claims__add_failed(&d->claims, r, new_target(r, sym->object, sym->name),
					  reason, xstrdup(why));
	return claims__add(&d->claims, r, target_of(d, r, sym));
}

/* Several functions, which OBJECT or their full name distinguishes. */
static int claim_ambiguous(struct discovery *d, const struct request *r, const char *scope,
			   const char *name, struct found *f)
{
	const char *object = object_label(scope);

	if (exclusions__match(&d->exclusions, r, object, name))
		return 0;
	return claims__add_failed(&d->claims, r, new_target(r, object, name), REASON_AMBIGUOUS,
				  xasprintf("there are %zu functions of that name: name one of %s",
					    f->n, buf__str(&f->candidates)));
}

/* A part of the function that was not inlined. It is only mentioned: it sees some of the calls. */
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

/* Whether the module of OBJECT_MODULE is built in: another function of the list is in vmlinux. Then
 * a missing function will not appear later. */
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

/* The letters of KBUILD_MODNAME; "libc.so.6" has others. */
static bool is_module_name(const char *object)
{
	while (isalnum((unsigned char)*object) || *object == '_')
		object++;
	return !*object;
}

static bool is_foreign(const struct pattern *p)
{
	__cleanup_free char *why = p->type == OBJECT_KERNEL ? hints__foreign(p) : NULL;

	return why;
}

/* For a pattern without a match: REASON_WAITING if its module may be loaded later, also if the
 * lists of modules cannot be read. */
static enum target_reason reason_missing(struct discovery *d, const struct request *r)
{
	const struct symbols *s = d->sources.symbols;
	const struct pattern *p = r->pattern;

	if (p->type == OBJECT_ANY || symbols__has_object(s, p->object) ||
	    !strcmp(p->object, SYMBOLS_VMLINUX) || find_elsewhere(s, p) || is_foreign(p) ||
	    (p->type == OBJECT_MODULE && module_is_builtin(s, r)) || !is_module_name(p->object))
		return REASON_NOT_FOUND;
	return !sources__modules(&d->sources) ||
			       module_list__find(d->sources.modules, p->object) == MODULE_LOADABLE
		       ? REASON_WAITING
		       : REASON_NOT_FOUND;
}

static char *why_waiting(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *near = NULL;

	if (d->sources.modules)
		return xasprintf("module %s is not loaded; it will be probed once it is",
				 p->object);
	near = hints__object(&d->sources, r);
	return xasprintf("module %s is not loaded; it will be probed once it is (cannot check "
			 "whether this kernel has it: %s: %s)%s",
			 p->object, d->sources.modules_path, strerror(-d->sources.modules_error),
			 near);
}

/* The message for an unknown module. NULL: the module is not the cause. */
static char *why_no_module(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *near = NULL;

	if (p->type == OBJECT_ANY || symbols__has_object(d->sources.symbols, p->object) ||
	    !strcmp(p->object, SYMBOLS_VMLINUX))
		return NULL;
	if (is_module_name(p->object) &&
	    (!sources__modules(&d->sources) ||
	     module_list__find(d->sources.modules, p->object) != MODULE_UNKNOWN))
		return NULL;
	near = hints__object(&d->sources, r);
	return is_module_name(p->object)
		       ? xasprintf("this kernel has no module %s%s", p->object, near)
		       : xasprintf("%s is not a kernel module%s", p->object, near);
}

/* Why a pattern has no match, and what to do. To be freed. */
static char *why_not_found(struct discovery *d, const struct request *r, const char *scope)
{
	const struct symbols *s = d->sources.symbols;
	const struct pattern *p = r->pattern;
	__cleanup_free char *functions = request__in_words(p), *near = NULL;
	const char *where = scope ? scope : "this kernel";
	const struct ksym *sym = scope ? find_elsewhere(s, p) : NULL;

	if (p->type == OBJECT_KERNEL && !symbols__has_object(s, p->object))
		near = hints__foreign(p);
	if (near)
		return take_ptr(near);
	if (sym)
		return xasprintf("%s is not in %s but in %s: write %s%s:%s", sym->name, p->object,
				 sym->object, p->at_entry ? "entry:" : "", sym->object, sym->name);
	near = why_no_module(d, r);
	if (near)
		return take_ptr(near);
	sym = p->glob ? NULL : find_part(s, p, scope);
	if (sym)
		return xasprintf("the compiler has inlined %s; %s is the rest of it, and sees only "
				 "some of the calls",
				 functions, sym->name);
	if (p->glob) {
		near = hints__elsewhere(&d->sources, r);
		return xasprintf("no function of %s matches %s%s", where, functions, near);
	}
	near = r->list->builtin ? xstrdup("") : hints__kernel(&d->sources, r, scope);
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
	__cleanup_free char *written = request__written(r->pattern);
	enum target_reason reason = reason_missing(d, r);
	const char *object = reason == REASON_WAITING ? r->pattern->object : object_label(scope);

	if (exclusions__match(&d->exclusions, r, object, written))
		return 0;
	return claims__add_failed(&d->claims, r, new_target(r, object, written), reason,
				  why_missing(d, r, reason, scope));
}

static int resolve_exact(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	const char *scope = scope_of(d->sources.symbols, p);

	for (size_t i = 0; i < p->nfunctions; i++) {
		struct found f = {};
		int err = 0;

		find(d->sources.symbols, scope, p->functions[i], &f);
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

/* Without an OBJECT, a name must exist in one object only. */
static bool is_ambiguous(const struct symbols *s, const struct pattern *p, const struct ksym *sym)
{
	return sym->copies > 1 ||
	       (p->type == OBJECT_ANY && symbols__next(s, symbols__find(s, sym->name)));
}

static int resolve_glob(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	const char *scope = scope_of(d->sources.symbols, p);
	size_t n, nmatches = 0;
	const struct ksym *all = symbols__all(d->sources.symbols, &n);
	__cleanup_free const struct ksym **matches = NULL;
	enum target_reason reason = REASON_NOT_FOUND;
	struct glob_counts counts = {};
	const char *why;
	int err;

	for (size_t i = 0; i < n; i++) {
		const struct ksym *sym = &all[i];

		if (!in_scope(scope, sym) || !pattern__matches(p, sym->name))
			continue;
		if (exclusions__match(&d->exclusions, r, sym->object, sym->name))
			counts.excluded++;
		else if (kernel_symbol__verdict(d->sources.symbols, sym, r->pattern->at_entry,
						&why) != REASON_NONE)
			counts.denied++;
		else if (is_ambiguous(d->sources.symbols, p, sym))
			counts.ambiguous++;
		else
			*(const struct ksym **)array__grow(&matches, &nmatches, sizeof(*matches)) =
				sym;
	}
	if (nmatches)
		qsort(matches, nmatches, sizeof(*matches), by_name);
	for (size_t i = 0; i < nmatches; i++) {
		err = claims__add(&d->claims, r, target_of(d, r, matches[i]));
		if (err)
			return err;
	}
	counts.taken = nmatches;
	if (!nmatches)
		reason = reason_missing(d, r);
	return discovery__finish_glob(d, r,
				      new_target(r, object_label(scope), r->pattern->functions[0]),
				      &counts, reason,
				      nmatches ? NULL : why_missing(d, r, reason, scope));
}

int kernel__resolve(struct discovery *d, const struct request *r)
{
	__cleanup_free char *written = NULL;

	if (sources__symbols(&d->sources))
		return r->pattern->glob ? resolve_glob(d, r) : resolve_exact(d, r);
	written = request__written(r->pattern);
	return claims__add_failed(
		&d->claims, r,
		new_target(r, r->pattern->object ? r->pattern->object : SYMBOLS_VMLINUX, written),
		REASON_NOT_FOUND, sources__no_symbols(&d->sources));
}
