/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions by the names that C++ and Rust sources have for them. The names of a file are demangled
 * when the first of them is asked for.
 *
 * The `function` label of a function that was found by its symbol is the symbol; of one that was
 * found by its demangled name, that name, with its parameter list, since it tells overloads apart.
 */
#include "base/buf.h"
#include "elf/demangle.h"
#include "discover/internal.h"
#include "base/log.h"
#include "base/strmap.h"
#include "base/suggest.h"

#define CANDIDATES_MAX 8 /* overloads that are named */

#define SEVERAL	       UINT32_MAX

struct elf_names {
	struct demangled *demangled;
	struct strmap places; /* demangled name -> offset, or SEVERAL */
	bool tried;
};

struct elf_names *elf_names__new(void)
{
	return xcalloc(1, sizeof(struct elf_names));
}

void elf_names__free(struct elf_names *n)
{
	if (!n)
		return;
	demangled__free(n->demangled);
	strmap__free(&n->places);
	free(n);
}

static const struct demangled *demangled_of(const struct elf_file *f)
{
	size_t n = elf_symbols__count(f->symbols), mangled = 0;
	__cleanup_free const char **names = NULL;
	__cleanup_free char *why = NULL;

	if (f->names->tried)
		return f->names->demangled;
	f->names->tried = true;
	names = xcalloc(n, sizeof(*names));
	for (size_t i = 0; i < n; i++) {
		names[i] = elf_symbols__at(f->symbols, i).name;
		mangled += demangle__is_mangled(names[i]);
	}
	if (mangled && demangle__names(names, n, f->path, &f->names->demangled, &why))
		log_warn("%s: functions have only their mangled names: %s", f->path, why);
	return f->names->demangled;
}

const char *discover_demangled__name(const struct elf_file *f, const struct elf_symbol *sym)
{
	const struct demangled *d = demangle__is_mangled(sym->name) ? demangled_of(f) : NULL;

	return d ? demangled__name(d, sym->index) : NULL;
}

char *discover_demangled__bare(const struct elf_file *f, const struct elf_symbol *sym)
{
	const char *name = discover_demangled__name(f, sym);

	return name ? xstrndup(name, demangled__bare(f->names->demangled, sym->index)) : NULL;
}

bool discover_demangled__is_unique(const struct elf_file *f, const char *name)
{
	const struct demangled *d = demangled_of(f);
	struct strmap *places = &f->names->places;
	size_t n = d && !places->n ? elf_symbols__count(f->symbols) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *other = demangled__name(d, i);
		uint32_t offset = elf_symbols__at(f->symbols, i).offset, *known;
		bool added;

		if (!other)
			continue;
		known = strmap__put(places, other, offset, &added);
		if (!added && *known != offset)
			*known = SEVERAL;
	}
	return d && *strmap__find(places, name) != SEVERAL;
}

size_t discover_demangled__find(const struct elf_file *f, const char *text, struct elf_symbol *sym,
				struct buf *candidates)
{
	const struct demangled *d = demangled_of(f);
	size_t n = d ? elf_symbols__count(f->symbols) : 0, found = 0;
	const char *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct elf_symbol other = elf_symbols__at(f->symbols, i);
		const char *name = demangled__name(d, i);

		/* A constructor has symbols for several uses, which are often one function. */
		if (!name || !demangled__is(d, i, text) || (found && other.offset == sym->offset))
			continue;
		if (found++ == 0) {
			*sym = other;
			first = name;
			continue;
		}
		if (found == 2)
			buf__printf(candidates, "%s (%s)", first, sym->name);
		if (found <= CANDIDATES_MAX)
			buf__printf(candidates, ", %s (%s)", name, other.name);
	}
	return found;
}

bool discover_demangled__matches(const struct elf_file *f, const struct pattern *p,
				 const struct elf_symbol *sym)
{
	const char *name;

	/* `*` is all symbols; names of the source are meant where they are written as such. */
	if (!strstr(p->functions[0], "::") && !strchr(p->functions[0], '('))
		return false;
	name = discover_demangled__name(f, sym);
	return name && pattern__matches(p, name);
}

/* Without parameter lists, if text has none. */
static char *shortened(const char *name, const char *text)
{
	return xstrndup(name, strchr(text, '(') ? strlen(name) : strcspn(name, "("));
}

char *discover_demangled__near(const struct elf_file *f, const char *text)
{
	const struct demangled *d = demangled_of(f);
	size_t n = d ? elf_symbols__count(f->symbols) : 0, found = 0;
	char **names = xcalloc(n + 1, sizeof(*names)), *hint;

	for (size_t i = 0; i < n; i++) {
		const char *name = demangled__name(d, i);

		if (name)
			names[found++] = shortened(name, text);
	}
	hint = suggest__hint(text, (const char *const *)names, found);
	for (size_t i = 0; i < found; i++)
		free(names[i]);
	free(names);
	return hint;
}
