/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/functions.h"

#include "base/log.h"
#include "elf/debug_file.h"
#include "elf/demangle.h"
#include "elf/symbols.h"

#define SYMBOLS_MAX (1 << 20)

struct function {
	uint64_t offset, size;
	const char *name; /* of symbols, or of demangled */
};

struct module_functions {
	struct function *v; /* by offset */
	size_t n;
	struct elf_symbols *symbols;
	struct demangled *demangled;
};

void module_functions__free(struct module_functions *f)
{
	if (!f)
		return;
	elf_symbols__free(f->symbols);
	demangled__free(f->demangled);
	free(f->v);
	free(f);
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool is_file_of(const struct module *m, const struct opened_file *f,
		       const struct elf_debug_link *link)
{
	if (m->has_id)
		return link->nbuild_id >= BUILD_ID_SIZE
			       ? !memcmp(link->build_id, m->id, BUILD_ID_SIZE)
			       : link->nbuild_id && !memcmp(link->build_id, m->id, link->nbuild_id);
	return f->id.dev == m->dev && f->id.ino == m->ino;
}

/* With the symbols of its debug file, if it is stripped and that is installed. */
static struct elf_symbols *read_symbols(const struct module *m, const char *path)
{
	__cleanup_free char *why = NULL;
	struct opened_file *file, *debug;
	struct elf_symbols *found = NULL, *all;
	struct file_id id;

	if (opened_file__open(path, &file, &id, &why))
		return NULL;
	if (!elf_symbols__read(file->fd, -1, path, &found, &why) &&
	    !is_file_of(m, file, elf_symbols__debug_link(found))) {
		elf_symbols__free(found);
		found = NULL;
	}
	free(take_ptr(why));
	if (found && elf_symbols__stripped(found) &&
	    !debug_file__open(file, path, elf_symbols__debug_link(found), &debug, &why)) {
		free(take_ptr(why));
		if (!elf_symbols__read(file->fd, debug->fd, path, &all, &why)) {
			elf_symbols__free(found);
			found = all;
		}
		opened_file__unref(debug);
	}
	opened_file__unref(file);
	return found;
}

/* As the process sees the path, or as we do, if it has gone. */
static struct elf_symbols *find_symbols(const struct module *m, const char *proc)
{
	__cleanup_free char *within = xasprintf("%s/%u/root%s", proc, m->pid, m->path);
	struct elf_symbols *found = read_symbols(m, within);

	return found ? found : read_symbols(m, m->path);
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Of several names of a function, the one with a size first, then by name. */
static int by_offset(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (!x->size != !y->size)
		return x->size ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void list_functions(struct module_functions *f, const char *path)
{
	size_t n = elf_symbols__count(f->symbols), kept = 0;
	__cleanup_free const char **names = xcalloc(n + 1, sizeof(*names));
	__cleanup_free char *why = NULL;

	n = n < SYMBOLS_MAX ? n : SYMBOLS_MAX;
	for (size_t i = 0; i < n; i++)
		names[i] = elf_symbols__at(f->symbols, i).name;
	if (demangle__names(names, n, path, &f->demangled, &why))
		log_debug("names of %s stay mangled: %s", path, why);
	f->v = xcalloc(n + 1, sizeof(*f->v));
	for (size_t i = 0; i < n; i++) {
		struct elf_symbol s = elf_symbols__at(f->symbols, i);
		const char *better = f->demangled ? demangled__name(f->demangled, i) : NULL;

		f->v[i] = (struct function){ s.offset, s.size, better ? better : s.name };
	}
	if (n)
		qsort(f->v, n, sizeof(*f->v), by_offset);
	for (size_t i = 0; i < n; i++)
		if (!kept || f->v[kept - 1].offset != f->v[i].offset)
			f->v[kept++] = f->v[i];
	f->n = kept;
}

struct module_functions *module_functions__read(const struct module *m, const char *proc)
{
	struct module_functions *f;
	struct elf_symbols *symbols;

	if (!m->path || m->path[0] != '/')
		return NULL;
	symbols = find_symbols(m, proc);
	if (!symbols)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->symbols = symbols;
	list_functions(f, m->path);
	return f;
}

const char *module_functions__find(const struct module_functions *f, uint64_t offset,
				   uint64_t *begin)
{
	size_t first = 0, end = f->n;

	while (first < end) {
		size_t middle = (first + end) / 2;

		if (f->v[middle].offset <= offset)
			first = middle + 1;
		else
			end = middle;
	}
	if (!first ||
	    (f->v[first - 1].size && offset - f->v[first - 1].offset >= f->v[first - 1].size))
		return NULL;
	*begin = f->v[first - 1].offset;
	return f->v[first - 1].name;
}
