/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/list.h"

#include <errno.h>
#include <fnmatch.h>

#include "base/log.h"
#include "config/usdt_name.h"
#include "discover/denylist.h"
#include "discover/events.h"
#include "discover/kernel_symbol.h"
#include "discover/raw_tracepoints.h"
#include "discover/usdt.h"
#include "kernel/advice.h"
#include "kernel/syscalls.h"

struct listing {
	struct sources sources;
	const char *glob; /* NULL: matches all */
	bool with_object; /* glob is matched against object:function */
	FILE *out;
	size_t n;
};

static bool wanted(const struct listing *l, const char *object, const char *function)
{
	__cleanup_free char *both = NULL;

	if (!l->glob)
		return true;
	if (!l->with_object)
		return !fnmatch(l->glob, function, 0);
	both = xasprintf("%s:%s", object, function);
	return !fnmatch(l->glob, both, 0);
}

static void print(struct listing *l, const char *object, const char *function, enum rp_kind kind,
		  const char *signature)
{
	__cleanup_free char *o = escaped(object), *f = escaped(function);
	__cleanup_free char *s = escaped(signature ? signature : "-");

	fprintf(l->out, "%s %s %s %s\n", o, f, kind_names[kind], s);
	l->n++;
}

static int by_object(const void *a, const void *b)
{
	const struct ksym *x = *(const struct ksym *const *)a, *y = *(const struct ksym *const *)b;
	bool x_builtin = !strcmp(x->object, SYMBOLS_VMLINUX);
	bool y_builtin = !strcmp(y->object, SYMBOLS_VMLINUX);
	int order = y_builtin - x_builtin;

	if (!order)
		order = strcmp(x->object, y->object);
	return order ? order : strcmp(x->name, y->name);
}

static void list_kernel(struct listing *l)
{
	struct symbols *s = sources__symbols(&l->sources);
	__cleanup_free const struct ksym **found = NULL;
	const struct ksym *all;
	size_t n, nfound = 0;
	const char *why;

	if (!s) {
		__cleanup_free char *advice =
			advice__of(ATTEMPT_SYMBOLS, l->sources.symbols_error, (struct demand){});

		log_error("cannot list the functions of this kernel: %s", advice);
		return;
	}
	all = symbols__all(s, &n);
	for (size_t i = 0; i < n; i++) {
		/* OBJECT distinguishes functions of one name in several objects. */
		if (all[i].copies > 1 || !wanted(l, all[i].object, all[i].name) ||
		    kernel_symbol__verdict(s, &all[i], false, &why) != REASON_NONE)
			continue;
		*(const struct ksym **)array__grow(&found, &nfound, sizeof(*found)) = &all[i];
	}
	if (nfound)
		qsort(found, nfound, sizeof(*found), by_object);
	for (size_t i = 0; i < nfound; i++) {
		struct target *t = target__new(TARGET_KERNEL, found[i]->object, found[i]->name);

		kernel_symbol__type(&l->sources, found[i], t);
		print(l, t->object, t->function, t->kind, t->signature);
		target__free(t);
	}
}

static void list_syscalls(struct listing *l)
{
	size_t n;
	const struct syscall_entry *all = syscalls__all(&n);

	for (size_t i = 0; i < n; i++) {
		if (!denylist__syscall(all[i].name) && wanted(l, "syscall", all[i].name))
			print(l, "syscall", all[i].name, RP_KIND_ERRNO, NULL);
	}
}

static void list_events(struct listing *l)
{
	struct events all;

	events__read(l->sources.env, &all);
	for (size_t i = 0; i < all.n; i++) {
		__cleanup_free char *signature = NULL;

		if (!wanted(l, EVENT_OBJECT, all.names[i]))
			continue;
		signature = events__signature(l->sources.env, all.names[i]);
		print(l, EVENT_OBJECT, all.names[i], RP_KIND_VOID, signature);
	}
	events__free(&all);
}

static void list_raw_tracepoints(struct listing *l)
{
	size_t n;
	__cleanup_free const char **names = raw_tracepoints__all(&l->sources, &n);

	for (size_t i = 0; i < n; i++) {
		__cleanup_free char *signature = NULL;

		if (!wanted(l, RAW_TRACEPOINT_OBJECT, names[i]))
			continue;
		signature = raw_tracepoints__signature(&l->sources, names[i]);
		print(l, RAW_TRACEPOINT_OBJECT, names[i], RP_KIND_VOID, signature);
	}
}

static void print_symbol(struct listing *l, struct elf_file *f, const struct elf_symbol *sym)
{
	struct target *t = target__new(TARGET_USER, f->path, sym->name);

	elf_file__type(f, l->sources.env, sym, t);
	/* As `returns: auto` reads it. */
	print(l, f->path, sym->name, t->kind == RP_KIND_ERRNO ? RP_KIND_RAW : t->kind,
	      t->signature ? t->signature : elf_names__demangled(f->names, sym));
	target__free(t);
}

static void list_file(struct listing *l, const char *path)
{
	struct elf_file *f = sources__file(&l->sources, path);

	if (!f->symbols) {
		log_error("%s", f->why);
		return;
	}
	for (size_t i = 0; i < elf_symbols__count(f->symbols); i++) {
		struct elf_symbol sym = elf_symbols__at(f->symbols, i);
		const char *source;

		if (elf_file__verdict(f, &sym, NULL) != REASON_NONE)
			continue;
		source = elf_names__demangled(f->names, &sym);
		if (wanted(l, path, sym.name) || (source && wanted(l, path, source)))
			print_symbol(l, f, &sym);
	}
}

/* A probe is listed once, with the arguments of its first place. */
static void list_usdts(struct listing *l, const char *path)
{
	struct elf_file *f = sources__file(&l->sources, path);

	if (!f->symbols) {
		log_error("%s", f->why);
		return;
	}
	for (size_t i = 0; i < elf_symbols__nusdts(f->symbols); i++) {
		struct elf_usdt u = elf_symbols__usdt(f->symbols, i);
		__cleanup_free char *name = usdt__name(&u), *signature = NULL;

		if (usdt__is_copy(f, i) || (!wanted(l, path, name) && !wanted(l, path, u.name)))
			continue;
		signature = usdt__signature(&u);
		print(l, path, name, RP_KIND_VOID, signature);
	}
}

int list__print(const struct discover_env *env, const char *glob, FILE *out)
{
	bool is_path = false;
	const char *colon = glob ? pattern__separator(glob, &is_path) : NULL;
	const char *usdt = glob ? usdt_name__word(glob) : NULL;
	struct listing l = { .sources = { .env = env }, .glob = glob, .out = out };

	if (usdt) {
		__cleanup_free char *path = xstrndup(glob, usdt - glob);

		l.glob = strchr(usdt + 1, ':') + 1;
		list_usdts(&l, path);
	} else if (is_path) {
		__cleanup_free char *path = xstrndup(glob, colon - glob);

		l.glob = colon + 1;
		list_file(&l, path);
	} else {
		l.with_object = colon != NULL;
		list_kernel(&l);
		list_syscalls(&l);
		list_events(&l);
		list_raw_tracepoints(&l);
	}
	sources__release(&l.sources);
	if (l.n)
		return 0;
	log_error("nothing that can be probed here matches %s", glob ? glob : "*");
	return -ENOENT;
}
