/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All names of a file are demangled when the first one is needed.
 *
 * The `function` label is the symbol if the function was found by its symbol. If it was found by
 * its demangled name, the label is that name, with the parameter list, which distinguishes
 * overloads.
 */
#include "discover/elf_names.h"

#include "base/log.h"
#include "base/strmap.h"
#include "base/suggest.h"
#include "elf/demangle.h"

#define CANDIDATES_MAX 8 /* overloads named in a message */

#define SEVERAL	       UINT32_MAX

struct elf_names {
	const struct elf_symbols *symbols;
	const char *file; /* for messages */
	struct demangled *demangled;
	struct strmap places; /* demangled name -> offset, or SEVERAL */
	bool tried;
};

struct elf_names *elf_names__new(const struct elf_symbols *symbols, const char *file)
{
	struct elf_names *n = xcalloc(1, sizeof(*n));

	n->symbols = symbols;
	n->file = file;
	return n;
}

void elf_names__free(struct elf_names *n)
{
	if (!n)
		return;
	demangled__free(n->demangled);
	strmap__free(&n->places);
	free(n);
}

static const struct demangled *demangled_of(struct elf_names *names)
{
	size_t n = elf_symbols__count(names->symbols), mangled = 0;
	__cleanup_free const char **v = NULL;
	__cleanup_free char *why = NULL;

	if (names->tried)
		return names->demangled;
	names->tried = true;
	v = xcalloc(n, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		v[i] = elf_symbols__at(names->symbols, i).name;
		mangled += demangle__is_mangled(v[i]);
	}
	if (mangled && demangle__names(v, n, names->file, &names->demangled, &why))
		log_warn("%s: functions have only their mangled names: %s", names->file, why);
	return names->demangled;
}

const char *elf_names__demangled(struct elf_names *names, const struct elf_symbol *sym)
{
	const struct demangled *d = demangle__is_mangled(sym->name) ? demangled_of(names) : NULL;

	return d ? demangled__name(d, sym->index) : NULL;
}

char *elf_names__bare(struct elf_names *names, const struct elf_symbol *sym)
{
	const char *name = elf_names__demangled(names, sym);

	return name ? xstrndup(name, demangled__bare(names->demangled, sym->index)) : NULL;
}

bool elf_names__is_unique(struct elf_names *names, const char *name)
{
	const struct demangled *d = demangled_of(names);
	struct strmap *places = &names->places;
	size_t n = d && !places->n ? elf_symbols__count(names->symbols) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *other = demangled__name(d, i);
		uint32_t offset = elf_symbols__at(names->symbols, i).offset, *known;
		bool added;

		if (!other)
			continue;
		known = strmap__put(places, other, offset, &added);
		if (!added && *known != offset)
			*known = SEVERAL;
	}
	return d && *strmap__find(places, name) != SEVERAL;
}

size_t elf_names__find(struct elf_names *names, const char *text, struct elf_symbol *sym,
		       struct buf *candidates)
{
	const struct demangled *d = demangled_of(names);
	size_t n = d ? elf_symbols__count(names->symbols) : 0, found = 0;
	const char *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct elf_symbol other = elf_symbols__at(names->symbols, i);
		const char *name = demangled__name(d, i);

		/* A constructor has several symbols, which are often one function. */
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

bool elf_names__matches(struct elf_names *names, const struct pattern *p,
			const struct elf_symbol *sym)
{
	const char *name;

	/* `*` matches symbols only, unless the glob looks like a name of the source. */
	if (!strstr(p->functions[0], "::") && !strchr(p->functions[0], '('))
		return false;
	name = elf_names__demangled(names, sym);
	return name && pattern__matches(p, name);
}

/* Cuts the parameter list off name, if text has none. */
static char *shortened(const char *name, const char *text)
{
	return xstrndup(name, strchr(text, '(') ? strlen(name) : strcspn(name, "("));
}

char *elf_names__near(struct elf_names *names, const char *text)
{
	const struct demangled *d = demangled_of(names);
	size_t n = d ? elf_symbols__count(names->symbols) : 0, found = 0;
	char **v = xcalloc(n + 1, sizeof(*v)), *hint;

	for (size_t i = 0; i < n; i++) {
		const char *name = demangled__name(d, i);

		if (name)
			v[found++] = shortened(name, text);
	}
	hint = suggest__hint(text, (const char *const *)v, found);
	for (size_t i = 0; i < found; i++)
		free(v[i]);
	free(v);
	return hint;
}
