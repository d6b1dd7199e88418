/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/elf_file.h"

#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/log.h"
#include "discover/denylist_user.h"
#include "elf/debug_file.h"
#include "elf/hazards.h"

#define READS_MAX	    8 /* of parameters, for each file */
#define IMPLEMENTATIONS_MAX 3 /* named in the message about an indirect function */

static int by_offset(const void *a, const void *b)
{
	const struct elf_denied *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Denies offsets, since a function may have other names that are not listed. A symbol without a
 * size may be at the start of another function, so it is skipped. */
static void find_denied(struct elf_file *f)
{
	uint64_t entry = elf_symbols__entry(f->symbols);

	if (entry)
		*(struct elf_denied *)array__grow(&f->denied, &f->ndenied, sizeof(*f->denied)) =
			(struct elf_denied){ entry, denylist_user__function("_start") };
	for (size_t i = 0; i < elf_symbols__count(f->symbols); i++) {
		struct elf_symbol sym = elf_symbols__at(f->symbols, i);
		const char *why = sym.size ? denylist_user__function(sym.name) : NULL;

		if (why)
			*(struct elf_denied *)array__grow(&f->denied, &f->ndenied,
							  sizeof(*f->denied)) =
				(struct elf_denied){ sym.offset, why };
	}
	if (f->ndenied)
		qsort(f->denied, f->ndenied, sizeof(*f->denied), by_offset);
}

static const char *why_denied(const struct elf_file *f, const struct elf_symbol *sym)
{
	const struct elf_denied key = { .offset = sym->offset }, *found;
	const char *why = denylist_user__function(sym->name);

	if (why || !f->ndenied)
		return why;
	found = bsearch(&key, f->denied, f->ndenied, sizeof(key), by_offset);
	return found ? found->why : NULL;
}

/* Adds symbols from the debug file of a stripped file, if it is installed. */
static void add_debug_symbols(const struct discover_env *env, struct elf_file *f)
{
	__cleanup_free char *why = NULL;
	struct opened_file *debug;
	struct elf_symbols *all;

	if (!debug_file__open(f->opened, f->path, elf_symbols__debug_link(f->symbols), &debug,
			      &why)) {
		if (!elf_symbols__read(f->opened->fd, debug->fd, f->path, &all, &why)) {
			elf_symbols__free(f->symbols);
			f->symbols = all;
			f->debug = opened_file__ref(debug);
			log_debug("%s: with the debug symbols of %s", f->path, debug->found);
		}
		opened_file__unref(debug);
	}
	if (!why && elf_symbols__debug_why(f->symbols))
		why = xstrdup(elf_symbols__debug_why(f->symbols));
	if (why && !env->lenient)
		log_warn("%s: its debug symbols are not used: %s", f->path, why);
}

static int read_symbols(const struct discover_env *env, struct elf_file *f)
{
	int err = elf_symbols__read(f->opened->fd, -1, f->path, &f->symbols, &f->why);

	if (err)
		return err;
	if (elf_symbols__stripped(f->symbols))
		add_debug_symbols(env, f);
	if (elf_symbols__count(f->symbols) || elf_symbols__nusdts(f->symbols))
		return 0;
	elf_symbols__free(take_ptr(f->symbols));
	f->why = xasprintf("%s has no function symbols, it was stripped: install its debug "
			   "symbols, or build it with symbols",
			   f->path);
	return -ENOENT;
}

static void read_file(const struct discover_env *env, struct elf_file *f)
{
	if (read_symbols(env, f)) {
		opened_file__unref(f->opened);
		f->opened = NULL;
		return;
	}
	f->names = elf_names__new(f->symbols, f->path);
	find_denied(f);
}

struct elf_file *elf_file__open(const struct discover_env *env, const char *path)
{
	struct elf_file *f = xcalloc(1, sizeof(*f));

	f->path = xstrdup(path);
	if (opened_file__open(path, &f->opened, &f->id, &f->why))
		return f;
	if (f->opened->weakness && !env->lenient)
		log_warn("%s: %s: other users can falsify its counts", path, f->opened->weakness);
	read_file(env, f);
	return f;
}

struct elf_file *elf_file__of(const struct discover_env *env, struct opened_file *opened,
			      const char *path)
{
	struct elf_file *f = xcalloc(1, sizeof(*f));

	f->path = xstrdup(path);
	f->opened = opened_file__ref(opened);
	f->id = opened->id;
	read_file(env, f);
	return f;
}

void elf_file__free(struct elf_file *f)
{
	elf_names__free(f->names);
	elf_symbols__free(f->symbols);
	elf_types__free(f->types);
	for (size_t i = 0; i < f->nparameters; i++)
		elf_parameters__free(f->parameters[i]);
	free(f->parameters);
	free(f->wanted);
	strmap__free(&f->wanted_at);
	opened_file__unref(f->debug);
	opened_file__unref(f->opened);
	free(f->path);
	free(f->why);
	free(f->denied);
	free(f);
}

/* strlen of libc chooses __strlen_avx2 or another implementation once. Probe the implementation. */
static char *why_ifunc(const struct elf_file *f, const struct elf_symbol *sym)
{
	__cleanup_free char *prefix = xasprintf("__%s_", sym->name);
	size_t n = elf_symbols__count(f->symbols), named = 0;
	__cleanup_buf struct buf list = {};

	for (size_t i = 0; i < n && named < IMPLEMENTATIONS_MAX; i++) {
		struct elf_symbol other = elf_symbols__at(f->symbols, i);

		if (other.ifunc || other.misrun || strncmp(other.name, prefix, strlen(prefix)))
			continue;
		buf__printf(&list, "%s%s", named++ ? ", " : "", other.name);
	}
	return xasprintf(
		"it only selects the implementation for this CPU, once per program: name the "
		"implementation%s%s",
		named ? ", as " : ", if the file has its symbol", named ? buf__str(&list) : "");
}

enum target_reason elf_file__verdict(const struct elf_file *f, const struct elf_symbol *sym,
				     char **why)
{
	const char *denied = why_denied(f, sym);

	if (!denied && !sym->ifunc && sym->misrun)
		denied = "it begins with a vector instruction (VEX or EVEX), which the kernel can "
			 "run wrongly under a uprobe";
	if (denied || sym->ifunc) {
		if (why)
			*why = denied ? xstrdup(denied) : why_ifunc(f, sym);
		return REASON_DENIED;
	}
	if (sym->copies <= 1)
		return REASON_NONE;
	if (why)
		*why = xasprintf("the file has %u functions of that name, and nothing tells them "
				 "apart",
				 sym->copies);
	return REASON_AMBIGUOUS;
}

/* An error is not fatal: `returns:` can name the types. */
static void read_types(const struct discover_env *env, struct elf_file *f)
{
	__cleanup_free char *why = NULL;

	if (elf_types__read(f->opened->fd, f->debug ? f->debug->fd : -1, f->path, &f->types,
			    &why)) {
		if (!env->lenient)
			log_info("%s; results are read as 32-bit numbers, or as `returns:` says",
				 why);
		return;
	}
	log_debug("%s: types of %zu functions", f->path, elf_types__count(f->types));
}

static const struct elf_types *types_of(struct elf_file *f, const struct discover_env *env)
{
	if (!f->types_tried)
		read_types(env, f);
	f->types_tried = true;
	return f->types;
}

void elf_file__type(struct elf_file *f, const struct discover_env *env,
		    const struct elf_symbol *sym, struct target *t)
{
	__cleanup_free char *source = elf_names__bare(f->names, sym);
	const struct elf_types *types = types_of(f, env);
	struct elf_function_type type;

	if (!types || !elf_types__find(types, sym->offset, source ? source : t->function, &type))
		return;
	t->described = true;
	t->kind = type.kind;
	t->ret_size = type.size;
	t->signature = type.signature;
	t->enumerators = type.enumerators;
	t->nenumerators = type.nenumerators;
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* Whether the compiler may have changed the parameters of that clone. */
static bool is_changed(const char *symbol)
{
	static const char *const suffixes[] = { ".isra.",   ".constprop.",   ".part.",
						".argprom", ".specialized.", ".argelim" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (strstr(symbol, suffixes[i]))
			return true;
	return false;
}

/* Names of Go have a package, also those of cgo's wrappers; names of C have none. Assembly (.abi0)
 * takes its arguments on the stack. */
bool elf_file__is_go(const struct elf_file *f, uint64_t offset)
{
	if (!(elf_symbols__hazards(f->symbols) & HAZARD_GO))
		return false;
	for (size_t i = 0; i < elf_symbols__count(f->symbols); i++) {
		struct elf_symbol sym = elf_symbols__at(f->symbols, i);

		if (sym.offset == offset)
			return strchr(sym.name, '.') && !strstr(sym.name, ".abi0") &&
			       !is_changed(sym.name);
	}
	return false;
}

static bool find_parameters(const struct elf_file *f, uint64_t offset, struct elf_function *out)
{
	for (size_t i = 0; i < f->nparameters; i++)
		if (elf_parameters__find(f->parameters[i], offset, out))
			return true;
	return false;
}

bool elf_file__want_parameters(struct elf_file *f, const struct discover_env *env,
			       const struct elf_symbol *sym)
{
	const struct elf_types *types = types_of(f, env);
	uint64_t die = types ? elf_types__die(types, sym->offset) : 0;
	__cleanup_free char *at = NULL;
	bool added;

	if (!die || f->nwanted == RP_MAX_TARGETS)
		return false;
	at = xasprintf("%" PRIx64, sym->offset);
	strmap__put(&f->wanted_at, at, 0, &added);
	if (!added)
		return false;
	*(struct parameters_wanted *)array__grow(&f->wanted, &f->nwanted, sizeof(*f->wanted)) =
		(struct parameters_wanted){ sym->offset, die, is_changed(sym->name) };
	return true;
}

/* Reads those that are wanted and were not asked for. A hostile file can take long each time. */
static void read_parameters(struct elf_file *f, const struct discover_env *env)
{
	const struct parameters_request request = { f->wanted + f->nasked, f->nwanted - f->nasked };
	__cleanup_free char *why = NULL;
	struct elf_parameters *read;

	f->nasked = f->nwanted;
	if (f->reads++ >= READS_MAX)
		return;
	if (!elf_parameters__read(&request, f->opened->fd, f->debug ? f->debug->fd : -1, f->path,
				  &read, &why)) {
		*(struct elf_parameters **)array__grow(&f->parameters, &f->nparameters,
						       sizeof(read)) = read;
		return;
	}
	f->reads = READS_MAX;
	if (!env->lenient)
		log_warn("%s", why);
}

bool elf_file__parameters(struct elf_file *f, const struct discover_env *env, uint64_t offset,
			  struct elf_function *out)
{
	if (find_parameters(f, offset, out))
		return true;
	if (f->nasked == f->nwanted)
		return false;
	read_parameters(f, env);
	return find_parameters(f, offset, out);
}
