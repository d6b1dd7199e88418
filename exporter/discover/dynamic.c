/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/dynamic.h"

#include "base/buf.h"
#include "files/locate.h"

#define LIBRARIES_MAX 16 /* searched for an imported function */

/* ---- versions ------------------------------------------------------------------------------- */

static const char *version_of(const char *name, size_t *base)
{
	const char *at = strchr(name, '@');

	if (!at || at == name)
		return NULL;
	*base = at - name;
	at += 1 + (at[1] == '@');
	return *at ? at : NULL;
}

bool dynamic__find_version(const struct elf_file *f, const char *name, struct elf_symbol *sym,
			   char **label)
{
	size_t base, n = elf_symbols__ndynamics(f->symbols);
	const char *version = version_of(name, &base);
	struct elf_symbol current;

	for (size_t i = 0; version && i < n; i++) {
		struct elf_dynamic d = elf_symbols__dynamic(f->symbols, i);

		if (d.kind != ELF_EXPORTED || strncmp(d.name, name, base) || d.name[base] ||
		    strcmp(d.version, version))
			continue;
		*sym = (struct elf_symbol){
			.name = d.name,
			.index = SIZE_MAX,
			.offset = d.offset,
			.size = d.size,
			.copies = 1,
			.ifunc = d.ifunc,
			.misrun = d.misrun,
		};
		/* The version that a program linked today gets has the bare name. */
		if (elf_symbols__find(f->symbols, d.name, &current) && current.offset == d.offset)
			*label = xstrdup(d.name);
		else
			*label = xasprintf("%s@%s", d.name, d.version);
		return true;
	}
	return false;
}

char *dynamic__no_version(const struct elf_file *f, const char *name)
{
	size_t base, n = elf_symbols__ndynamics(f->symbols), found = 0;
	const char *version = version_of(name, &base);
	__cleanup_free char *bare = version ? xstrndup(name, base) : NULL;
	__cleanup_buf struct buf list = {};
	struct elf_symbol sym;

	for (size_t i = 0; version && i < n; i++) {
		struct elf_dynamic d = elf_symbols__dynamic(f->symbols, i);

		if (d.kind == ELF_EXPORTED && !strcmp(d.name, bare) && *d.version)
			buf__printf(&list, "%s%s", found++ ? ", " : "", d.version);
	}
	if (found)
		return xasprintf("%s has no version %s in %s; there is: %s", bare, version, f->path,
				 buf__str(&list));
	if (version && elf_symbols__find(f->symbols, bare, &sym))
		return xasprintf("%s has no versions in %s: write %s:%s", bare, f->path, f->path,
				 bare);
	return NULL;
}

/* ---- imports -------------------------------------------------------------------------------- */

/* The path of the library, to be freed, if it has the function. */
static char *library_with(struct sources *src, const struct elf_file *f, const char *library,
			  const char *name)
{
	__cleanup_free char *root = xstrndup(f->path, locate__root_of(f->path));
	/* library is in a result of a child, which other children do not share. */
	__cleanup_free char *own = xstrdup(library);
	char *path = locate__library(root, own);
	const struct elf_file *other = path ? sources__file(src, path) : NULL;
	struct elf_symbol sym;

	if (other && other->symbols && elf_symbols__find(other->symbols, name, &sym))
		return path;
	free(path);
	return NULL;
}

static char *say(const char *name, const char *library, const char *path)
{
	if (path)
		return xasprintf("%s is imported from %s: probe it there: %s:%s", name, library,
				 path, name);
	return xasprintf("%s is imported%s%s: probe it in the library that has it", name,
			 *library ? " from " : "", library);
}

char *dynamic__is_import(struct sources *src, const struct elf_file *f, const char *name)
{
	size_t n = elf_symbols__ndynamics(f->symbols), tried = 0, base = strcspn(name, "@");
	__cleanup_free char *bare = xstrndup(name, base), *path = NULL;
	const char *library = NULL;

	for (size_t i = 0; i < n && !library; i++) {
		struct elf_dynamic e = elf_symbols__dynamic(f->symbols, i);

		if (e.kind == ELF_IMPORTED && !strcmp(e.name, bare))
			library = e.file;
	}
	if (!library)
		return NULL;
	if (*library)
		path = library_with(src, f, library, bare);
	for (size_t i = 0; i < n && !*library && !path && tried < LIBRARIES_MAX; i++) {
		struct elf_dynamic e = elf_symbols__dynamic(f->symbols, i);

		if (e.kind != ELF_NEEDED)
			continue;
		tried++;
		path = library_with(src, f, e.name, bare);
		if (path)
			return say(bare, e.name, path);
	}
	return say(bare, library, path);
}
