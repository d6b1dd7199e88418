/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/user.h"

#include "base/log.h"
#include "base/suggest.h"
#include "discover/capture.h"
#include "discover/dynamic.h"
#include "discover/hints.h"
#include "files/users.h"

/* A glob with at least so many of both gets a warning about its cost. */
#define MANY_FUNCTIONS 50
#define MANY_PROCESSES 10

static void locate(struct target *t, const struct elf_file *f, const struct elf_symbol *sym)
{
	t->file = f->id;
	t->opened = opened_file__ref(f->opened);
	t->inode = f->opened->inode;
	t->offset = sym->offset;
	t->size = sym->size;
	t->hazards = elf_symbols__hazards(f->symbols);
	t->ncold = elf_symbols__cold(f->symbols, sym->name, NULL, 0);
	if (t->ncold) {
		t->cold = xcalloc(t->ncold, sizeof(*t->cold));
		elf_symbols__cold(f->symbols, sym->name, t->cold, t->ncold);
	}
}

/* The name that the glob matches; NULL: it does not match. */
static const char *label_of(const struct elf_file *f, const struct pattern *p,
			    const struct elf_symbol *sym)
{
	if (pattern__matches(p, sym->name))
		return sym->name;
	return elf_names__matches(f->names, p, sym) ? elf_names__demangled(f->names, sym) : NULL;
}

/* Finds the function, or else its clones. Returns the number of candidates. */
static size_t find(const struct elf_file *f, const char *name, struct elf_symbol *sym)
{
	size_t n = 0;

	if (elf_symbols__find(f->symbols, name, sym))
		return 1;
	for (size_t i = 0; i < elf_symbols__count(f->symbols); i++) {
		struct elf_symbol other = elf_symbols__at(f->symbols, i);

		if (request__is_clone(other.name, name)) {
			*sym = other;
			n++;
		}
	}
	return n;
}

static void want_glob(struct discovery *d, const struct pattern *p, struct elf_file *f)
{
	for (size_t i = 0; i < elf_symbols__count(f->symbols); i++) {
		struct elf_symbol sym = elf_symbols__at(f->symbols, i);

		if (label_of(f, p, &sym))
			elf_file__want_parameters(f, d->sources.env, &sym);
	}
}

static void want_pattern(struct discovery *d, const struct pattern *p, struct elf_file *f)
{
	struct elf_symbol sym;

	if (p->exclude || (p->type != OBJECT_USER && p->type != OBJECT_ENTRY) ||
	    strcmp(p->object, f->path))
		return;
	if (p->glob)
		want_glob(d, p, f);
	for (size_t i = 0; i < p->nfunctions && !p->glob; i++) {
		__cleanup_buf struct buf candidates = {};

		if (find(f, p->functions[i], &sym) == 1 ||
		    elf_names__find(f->names, p->functions[i], &sym, &candidates) == 1)
			elf_file__want_parameters(f, d->sources.env, &sym);
	}
}

/* Reading the parameters of all functions of a file costs hardly more than those of one. */
static void want_parameters(struct discovery *d, struct elf_file *f)
{
	const struct config *c = d->exclusions.config;

	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0;
		     k < c->lists[i].npatterns && capture__needs_parameters(&c->lists[i].settings);
		     k++)
			want_pattern(d, &c->lists[i].patterns[k], f);
}

static struct target *new_target(const struct request *r, const char *label)
{
	bool at_entry = r->pattern->type == OBJECT_ENTRY;
	__cleanup_free char *name = xasprintf("%s%s", at_entry ? "entry:" : "", label);
	struct target *t =
		target__new(at_entry ? TARGET_USER_EVENT : TARGET_USER, r->pattern->object, name);

	t->at_entry = at_entry;
	t->selected = r->list->select;
	return t;
}

/* Its entry is the only place. It has no result. Takes ownership of the name in metrics. */
static void make_event(struct target *t, char *name)
{
	struct point_place *at = array__grow(&t->points, &t->npoints, sizeof(*t->points));

	*at = (struct point_place){ .opened = opened_file__ref(t->opened), .offset = t->offset };
	t->kind = RP_KIND_VOID;
	free(t->function);
	t->function = name;
}

/* label: its name in metrics. */
static int claim_as(struct discovery *d, const struct request *r, struct elf_file *f,
		    const struct elf_symbol *sym, const char *label)
{
	const char *source = elf_names__demangled(f->names, sym);
	enum target_reason reason;
	char *why = NULL, *event = NULL;
	struct target *t;

	if (exclusions__match(&d->exclusions, r, r->pattern->object, label) ||
	    (source && exclusions__match(&d->exclusions, r, r->pattern->object, source)))
		return 0;
	t = new_target(r, label);
	reason = elf_file__verdict(f, sym, &why);
	if (reason != REASON_NONE) {
		t->file = f->id;
		return claims__add_failed(&d->claims, r, t, reason, why);
	}
	locate(t, f, sym);
	if (t->at_entry) { /* types have the function's own name */
		event = t->function;
		t->function = xstrdup(label);
	}
	/* Builds differ, and a container's must not decide how the results of others are read. */
	if (!t->selected)
		elf_file__type(f, d->sources.env, sym, t);
	if (!t->selected && capture__needs_parameters(&r->list->settings) &&
	    elf_file__want_parameters(f, d->sources.env, sym))
		want_parameters(d, f);
	if (!t->signature && source)
		t->signature = xstrdup(source);
	if (event)
		make_event(t, event);
	return claims__add(&d->claims, r, t);
}

/* The message of the dynamic linker's names. NULL: they are not the cause. */
static char *why_dynamic(struct discovery *d, const struct elf_file *f, const struct pattern *p)
{
	char *why = NULL;

	for (size_t i = 0; i < p->nfunctions && !why && !p->glob; i++) {
		why = dynamic__no_version(f, p->functions[i]);
		if (!why)
			why = dynamic__is_import(&d->sources, f, p->functions[i]);
	}
	return why;
}

static char *why_not_found(struct discovery *d, const struct elf_file *f, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *names = request__in_words(p), *near = NULL;
	__cleanup_free const char **candidates = NULL;
	const char *stripped = elf_symbols__stripped(f->symbols)
				       ? " (it was stripped: only what it exports has a name)"
				       : "";
	size_t n = elf_symbols__count(f->symbols);

	near = why_dynamic(d, f, p);
	if (near)
		return take_ptr(near);
	if (p->glob) {
		near = hints__elsewhere(&d->sources, r);
		return xasprintf("no function of %s matches %s%s%s", f->path, names, stripped,
				 near);
	}
	candidates = xcalloc(n, sizeof(*candidates));
	for (size_t i = 0; i < n; i++)
		candidates[i] = elf_symbols__at(f->symbols, i).name;
	near = suggest__hint(p->functions[0], candidates, n);
	if (!*near) {
		free(near);
		near = elf_names__near(f->names, p->functions[0]);
	}
	if (!*near) {
		free(near);
		near = hints__elsewhere(&d->sources, r);
	}
	return xasprintf("no function %s in %s%s%s", names, f->path, stripped, near ? near : "");
}

/* A target that cannot be attached. */
static struct target *without_symbol(const struct request *r, const struct elf_file *f,
				     const char *name)
{
	struct target *t = new_target(r, name);

	t->file = f->id;
	return t;
}

/* Claims a function by its name in the source. *found: the name exists. */
static int claim_demangled(struct discovery *d, const struct request *r, struct elf_file *f,
			   const char *name, bool *found)
{
	__cleanup_buf struct buf candidates = {};
	struct elf_symbol sym;
	size_t n = elf_names__find(f->names, name, &sym, &candidates);

	*found = n;
	if (n == 1)
		return claim_as(d, r, f, &sym, elf_names__demangled(f->names, &sym));
	return n ? claims__add_failed(&d->claims, r, without_symbol(r, f, name), REASON_AMBIGUOUS,
				      xasprintf("%zu functions have that name: add the parameter "
						"list, or name the symbol: %s",
						n, buf__str(&candidates)))
		 : 0;
}

/* *found: the file has the function, attachable or not. */
static int claim_exact(struct discovery *d, const struct request *r, struct elf_file *f,
		       bool *found)
{
	const struct pattern *p = r->pattern;

	*found = true;
	for (size_t i = 0; i < p->nfunctions; i++) {
		__cleanup_free char *label = NULL;
		struct elf_symbol sym;
		size_t n = find(f, p->functions[i], &sym);
		bool demangled = false;
		int err = n ? 0 : claim_demangled(d, r, f, p->functions[i], &demangled);

		if (demangled)
			return err;

		if (n == 1)
			return claim_as(d, r, f, &sym, sym.name);
		if (!n && dynamic__find_version(f, p->functions[i], &sym, &label))
			return claim_as(d, r, f, &sym, label);
		if (n)
			return claims__add_failed(
				&d->claims, r, without_symbol(r, f, p->functions[i]),
				REASON_AMBIGUOUS,
				xasprintf("the compiler has made %zu variants of it: name one of "
					  "them, as %s, or all of them: '%s:%s.*'",
					  n, sym.name, f->path, p->functions[i]));
	}
	*found = false;
	return 0;
}

static int not_found(struct discovery *d, const struct request *r, const struct elf_file *f)
{
	__cleanup_free char *written = request__written(r->pattern);

	return claims__add_failed(&d->claims, r, without_symbol(r, f, written), REASON_NOT_FOUND,
				  why_not_found(d, f, r));
}

static int resolve_exact(struct discovery *d, const struct request *r, struct elf_file *f)
{
	bool found;
	int err = claim_exact(d, r, f, &found);

	return found ? err : not_found(d, r, f);
}

/* The file's owner controls the number of symbols, which must not crowd out other probes. */
static size_t count_matches(const struct request *r, const struct elf_file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < elf_symbols__count(f->symbols); i++) {
		struct elf_symbol sym = elf_symbols__at(f->symbols, i);

		n += label_of(f, r->pattern, &sym) != NULL;
	}
	return n;
}

/* Each process that maps the file gets its own breakpoints. */
static void warn_of_cost(const struct discovery *d, const struct request *r,
			 const struct elf_file *f, size_t functions)
{
	int processes;

	if (d->sources.env->lenient || functions < MANY_FUNCTIONS)
		return;
	processes = file_users__count(f->opened, f->path);
	if (processes >= MANY_PROCESSES)
		log_warn("%s: %zu functions of a file that %d processes have mapped: these and new "
			 "processes get a breakpoint per function, and start more slowly (5 to 35 "
			 "ms per thousand functions); name the functions that you need",
			 r->pattern->text, functions, processes);
}

static bool is_too_many(const struct request *r, const struct elf_file *f)
{
	return count_matches(r, f) > RP_MAX_TARGETS;
}

static int too_many(struct discovery *d, const struct request *r, const struct elf_file *f)
{
	return claims__add_failed(
		&d->claims, r, without_symbol(r, f, r->pattern->functions[0]), REASON_REFUSED,
		xasprintf("%zu functions of %s match, more than can be probed at a time: narrow "
			  "the glob",
			  count_matches(r, f), f->path));
}

static int claim_glob(struct discovery *d, const struct request *r, struct elf_file *f,
		      struct glob_counts *counts)
{
	size_t n = elf_symbols__count(f->symbols);
	int err;

	for (size_t i = 0; i < n; i++) {
		struct elf_symbol sym = elf_symbols__at(f->symbols, i);
		const char *label = label_of(f, r->pattern, &sym);
		enum target_reason reason;

		if (!label)
			continue;
		reason = elf_file__verdict(f, &sym, NULL);
		if (exclusions__match(&d->exclusions, r, r->pattern->object, label)) {
			counts->excluded++;
		} else if (reason == REASON_DENIED) {
			counts->denied++;
		} else if (reason == REASON_AMBIGUOUS ||
			   (label != sym.name && !elf_names__is_unique(f->names, label))) {
			counts->ambiguous++;
		} else {
			err = claim_as(d, r, f, &sym, label);
			if (err)
				return err;
			counts->taken++;
		}
	}
	warn_of_cost(d, r, f, counts->taken);
	return 0;
}

static int resolve_glob(struct discovery *d, const struct request *r, struct elf_file *f)
{
	struct glob_counts counts = {};
	int err;

	if (is_too_many(r, f))
		return too_many(d, r, f);
	err = claim_glob(d, r, f, &counts);
	if (err)
		return err;
	return discovery__finish_glob(d, r, without_symbol(r, f, r->pattern->functions[0]), &counts,
				      REASON_NOT_FOUND,
				      counts.taken ? NULL : why_not_found(d, f, r));
}

/* Suggests other files if there is none at the path. */
static char *why_not_read(const struct elf_file *f, const struct pattern *p)
{
	static const char *const prefixes[] = { "uprobe:", "uretprobe:", "usdt:" };
	const char *functions = p->text + p->exclude + strlen(f->path) + 1;
	__cleanup_free char *near = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (!strncmp(f->path, prefixes[i], len))
			return xasprintf("%s; write PATH:FUNCTION, as %s:%s%s", f->why,
					 f->path + len, prefixes[i][1] == 's' ? "usdt:" : "",
					 functions);
	}
	near = f->id.ino ? xstrdup("") : hints__path(f->path, functions);
	return xasprintf("%s%s", f->why, near);
}

/* Claims a function whose name looks like a glob. */
static int claim_literally(struct discovery *d, const struct request *r, struct elf_file *f,
			   bool *found)
{
	const char *name = r->pattern->functions[0];
	struct elf_symbol sym;

	*found = elf_symbols__find(f->symbols, name, &sym);
	if (*found)
		return claim_as(d, r, f, &sym, sym.name);
	return strchr(name, '(') || strstr(name, "::") ? claim_demangled(d, r, f, name, found) : 0;
}

/* In a file of a selection. *found: it has functions that match. */
static int claim_in(struct discovery *d, const struct request *r, struct elf_file *f,
		    struct glob_counts *counts, bool *found)
{
	size_t before = counts->taken;
	int err;

	if (!r->pattern->glob)
		return claim_exact(d, r, f, found);
	err = claim_literally(d, r, f, found);
	if (err || *found)
		return err;
	if (is_too_many(r, f)) {
		log_warn("%s: %s is left out: more functions match than can be probed at a time",
			 r->pattern->text, f->path);
		return 0;
	}
	err = claim_glob(d, r, f, counts);
	*found = counts->taken > before;
	return err;
}

/* No process has such a file mapped, as far as can be seen. */
static int wait_for_file(struct discovery *d, const struct request *r)
{
	const struct program_files *programs = d->sources.env->programs;
	const char *missing = programs ? program_files__missing(programs) : NULL;
	__cleanup_free char *written = request__written(r->pattern);

	return claims__add_failed(
		&d->claims, r, new_target(r, written), REASON_WAITING,
		xasprintf("no process that is selected has such a file mapped yet%s%s",
			  missing ? "; " : "", missing ? missing : ""));
}

/* Files without the function, and those that are not ELF, do not matter if others have it. */
static int resolve_selected(struct discovery *d, const struct request *r)
{
	const struct program_files *programs = d->sources.env->programs;
	const struct program_file *files[PROGRAM_FILES_MAX];
	size_t n = programs ? program_files__of(programs, r->list->select, files) : 0;
	struct elf_file *without = NULL, *unread = NULL;
	struct glob_counts counts = {};
	bool any = false, found;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct elf_file *f = sources__program(&d->sources, files[i]);

		found = false;
		if (f->symbols)
			err = claim_in(d, r, f, &counts, &found);
		any |= found;
		if (!found && f->symbols)
			without = f;
		else if (!found)
			unread = f;
	}
	if (err || (any && !r->pattern->glob))
		return err;
	if (any || counts.denied || counts.ambiguous || counts.excluded)
		return discovery__finish_glob(d, r, new_target(r, r->pattern->functions[0]),
					      &counts, REASON_NOT_FOUND, NULL);
	if (without)
		return not_found(d, r, without);
	if (!unread)
		return wait_for_file(d, r);
	return claims__add_failed(&d->claims, r,
				  without_symbol(r, unread, r->pattern->functions[0]),
				  REASON_NOT_FOUND, xstrdup(unread->why));
}

static int resolve_file(struct discovery *d, const struct request *r)
{
	struct elf_file *f = sources__file(&d->sources, r->pattern->object);
	__cleanup_free char *written = NULL;
	bool found = false;
	int err;

	/* Names may have stars and brackets: main.(*T).M, main.F[go.shape.int], f(char const*) */
	if (f->symbols && r->pattern->glob) {
		err = claim_literally(d, r, f, &found);
		if (found)
			return err;
	}
	if (f->symbols)
		return r->pattern->glob ? resolve_glob(d, r, f) : resolve_exact(d, r, f);
	written = request__written(r->pattern);
	return claims__add_failed(&d->claims, r, without_symbol(r, f, written), REASON_NOT_FOUND,
				  why_not_read(f, r->pattern));
}

int user__resolve(struct discovery *d, const struct request *r)
{
	return r->list->select ? resolve_selected(d, r) : resolve_file(d, r);
}
