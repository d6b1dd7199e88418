/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that only the dynamic linker can tell something of: versions (malloc@@GLIBC_2.2.5), and
 * functions that a program calls but that a library has.
 */
#include "base/buf.h"
#include "discover/internal.h"
#include "files/locate.h"

#define LIBRARIES_MAX 16 /* that are looked into for a function */

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

bool discover_version__find(const struct elf_file *f, const char *name, struct elf_symbol *sym,
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
		/* What a program linked today gets goes by the bare name. */
		if (elf_symbols__find(f->symbols, d.name, &current) && current.offset == d.offset)
			*label = xstrdup(d.name);
		else
			*label = xasprintf("%s@%s", d.name, d.version);
		return true;
	}
	return false;
}

char *discover_version__why(const struct elf_file *f, const char *name)
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

/* The library's path, if the function is there; path is to be freed. */
static char *library_with(struct discovery *d, const struct elf_file *f, const char *library,
			  const char *name)
{
	__cleanup_free char *root = xstrndup(f->path, locate__root_of(f->path));
	/* Children have no part in the memory that a result is in. */
	__cleanup_free char *own = xstrdup(library);
	char *path = locate__library(root, own);
	const struct elf_file *other = path ? discover_file__open(d, path) : NULL;
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

char *discover_import__why(struct discovery *d, const struct elf_file *f, const char *name)
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
		path = library_with(d, f, library, bare);
	for (size_t i = 0; i < n && !*library && !path && tried < LIBRARIES_MAX; i++) {
		struct elf_dynamic e = elf_symbols__dynamic(f->symbols, i);

		if (e.kind != ELF_NEEDED)
			continue;
		tried++;
		path = library_with(d, f, e.name, bare);
		if (path)
			return say(bare, e.name, path);
	}
	return say(bare, library, path);
}
