/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of programs and libraries. What they return is not known: ELF symbols have no types. */
#include <errno.h>

#include "buf.h"
#include "discover_internal.h"
#include "suggest.h"

#define IMPLEMENTATIONS_MAX 3 /* named for an indirect function */

const struct elf_file *discover_user__file(struct discovery *d, const char *path)
{
	struct elf_file *f;

	for (size_t i = 0; i < d->nfiles; i++) {
		if (!strcmp(d->files[i].path, path))
			return &d->files[i];
	}
	f = array__grow(&d->files, &d->nfiles, sizeof(*d->files));
	f->path = path;
	/* Before it is read: if it changes meanwhile, that will be noticed. */
	f->id = file_id__of(path);
	f->err = elf_symbols__open(path, &f->symbols, &f->why);
	return f;
}

/* libc's strlen only chooses __strlen_avx2 or the like, once; those are worth probing. */
static char *why_ifunc(const struct elf_file *f, const struct elf_symbol *sym)
{
	__cleanup_free char *prefix = xasprintf("__%s_", sym->name);
	size_t n, named = 0;
	const struct elf_symbol *all = elf_symbols__all(f->symbols, &n);
	struct buf list = {};
	char *why;

	for (size_t i = 0; i < n && named < IMPLEMENTATIONS_MAX; i++) {
		if (all[i].ifunc || strncmp(all[i].name, prefix, strlen(prefix)))
			continue;
		buf__printf(&list, "%s%s", named++ ? ", " : "", all[i].name);
	}
	why = xasprintf(
		"it only picks its implementation for this CPU, once per program: name that "
		"instead%s%s",
		named ? ", as " : ", if the file has its symbol", named ? buf__str(&list) : "");
	buf__free(&list);
	return why;
}

static int claim_symbol(struct discovery *d, const struct request *r, const struct elf_file *f,
			const struct elf_symbol *sym)
{
	struct target *t;

	if (discovery__excluded(r, f->path, sym->name))
		return 0;
	t = target__new(TARGET_USER, f->path, sym->name);
	t->offset = sym->offset;
	t->file = f->id;
	if (sym->ifunc)
		return discovery__claim_failed(d, r, t, REASON_DENIED, why_ifunc(f, sym));
	if (sym->copies > 1)
		return discovery__claim_failed(
			d, r, t, REASON_AMBIGUOUS,
			xasprintf("the file has %u functions of that name, and nothing tells them "
				  "apart",
				  sym->copies));
	return discovery__claim(d, r, t);
}

static char *why_not_found(const struct elf_file *f, const struct pattern *p)
{
	__cleanup_free char *names = discovery__in_words(p), *near = NULL;
	__cleanup_free const char **candidates = NULL;
	const char *stripped = elf_symbols__stripped(f->symbols)
				       ? " (it was stripped: only what it exports has a name)"
				       : "";
	size_t n;
	const struct elf_symbol *all = elf_symbols__all(f->symbols, &n);

	if (p->glob)
		return xasprintf("no function of %s matches %s%s", f->path, names, stripped);
	candidates = xcalloc(n, sizeof(*candidates));
	for (size_t i = 0; i < n; i++)
		candidates[i] = all[i].name;
	near = suggest__hint(p->functions[0], candidates, n);
	return xasprintf("no function %s in %s%s%s", names, f->path, stripped, near);
}

/* The name itself, or else its only clone. *n: how many it could be. */
static const struct elf_symbol *find(const struct elf_file *f, const char *name, size_t *n)
{
	const struct elf_symbol *sym = elf_symbols__find(f->symbols, name);
	size_t count;
	const struct elf_symbol *all = elf_symbols__all(f->symbols, &count);

	*n = sym != NULL;
	for (size_t i = 0; i < count && !*n; i++) {
		for (; i < count && discovery__is_clone(all[i].name, name); i++, ++*n)
			sym = &all[i];
	}
	return sym;
}

static int resolve_exact(struct discovery *d, const struct request *r, const struct elf_file *f)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = discovery__written(p);

	for (size_t i = 0; i < p->nfunctions; i++) {
		size_t n;
		const struct elf_symbol *sym = find(f, p->functions[i], &n);

		if (n == 1)
			return claim_symbol(d, r, f, sym);
		if (n)
			return discovery__claim_failed(
				d, r, target__new(TARGET_USER, f->path, p->functions[i]),
				REASON_AMBIGUOUS,
				xasprintf("the compiler has made %zu variants of it: name one of "
					  "them, as %s",
					  n, sym->name));
	}
	return discovery__claim_failed(d, r, target__new(TARGET_USER, f->path, written),
				       REASON_NOT_FOUND, why_not_found(f, p));
}

static int resolve_glob(struct discovery *d, const struct request *r, const struct elf_file *f)
{
	size_t n;
	const struct elf_symbol *all = elf_symbols__all(f->symbols, &n);
	struct tally tally = {};
	int err;

	for (size_t i = 0; i < n; i++) {
		if (!pattern__matches(r->pattern, all[i].name))
			continue;
		if (discovery__excluded(r, f->path, all[i].name)) {
			tally.excluded++;
		} else if (all[i].ifunc) {
			tally.denied++;
		} else if (all[i].copies > 1) {
			tally.ambiguous++;
		} else {
			err = claim_symbol(d, r, f, &all[i]);
			if (err)
				return err;
			tally.taken++;
		}
	}
	return discovery__finish_glob(d, r, TARGET_USER, f->path, &tally, REASON_NOT_FOUND,
				      tally.taken ? NULL : why_not_found(f, r->pattern));
}

int discover_user(struct discovery *d, const struct request *r)
{
	const struct elf_file *f = discover_user__file(d, r->pattern->object);
	__cleanup_free char *written = NULL;

	if (f->symbols)
		return r->pattern->glob ? resolve_glob(d, r, f) : resolve_exact(d, r, f);
	written = discovery__written(r->pattern);
	return discovery__claim_failed(d, r, target__new(TARGET_USER, f->path, written),
				       f->err == -EPERM ? REASON_DENIED : REASON_NOT_FOUND,
				       xstrdup(f->why));
}
