/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same name of another type comes first, as a system call for a kernel function; then similar
 * names of the same type.
 *
 * There are no suggestions for presets, which have no typing errors.
 */
#include "discover/hints.h"

#include "base/suggest.h"
#include "discover/denylist.h"
#include "files/locate.h"
#include "kernel/syscalls.h"

/* ---- the same name of another type ----------------------------------------------------------- */

/* Prefixes of system calls in the kernel and in libraries. */
static const char *const syscall_prefixes[] = {
	"__x64_sys_",
	"__ia32_sys_",
	"__ia32_compat_sys_",
	"__x64_compat_sys_",
	"__arm64_sys_",
	"__arm64_compat_sys_",
	"__se_sys_",
	"__se_compat_sys_",
	"__do_sys_",
	"__do_compat_sys_",
	"compat_sys_",
	"ksys_",
	"__sys_",
	"do_sys_",
	"sys_",
	"SyS_",
	"SYS_",
	"__NR_",
	"sys_enter_",
	"sys_exit_",
	"",
};

static const struct syscall_entry *syscall_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(syscall_prefixes); i++) {
		size_t len = strlen(syscall_prefixes[i]);
		const struct syscall_entry *e =
			strncmp(name, syscall_prefixes[i], len) ? NULL : syscalls__find(name + len);

		if (e && !denylist__syscall(e->name))
			return e;
	}
	return NULL;
}

static const struct ksym *kernel_function(struct sources *src, const char *name)
{
	const struct symbols *s = sources__symbols(src);
	const struct ksym *k = s ? symbols__find(s, name) : NULL;

	return k && k->state == KSYM_TRACEABLE ? k : NULL;
}

/* The C library, if it has a function of that name. */
static const char *library_of(struct sources *src, const char *name)
{
	const char *libc = sources__libc(src);
	const struct elf_file *f;
	struct elf_symbol sym;

	f = libc ? sources__file(src, libc) : NULL;
	return f && f->symbols && elf_symbols__find(f->symbols, name, &sym) ? libc : NULL;
}

/* Frees the texts. */
static char *phrase_of(char **texts, size_t n)
{
	char *result = suggest__phrase((const char *const *)texts, n);

	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	return result;
}

static char *phrase(const char *fmt, const char *object, const char *name)
{
	return phrase_of((char *[]){ xasprintf(fmt, object, name) }, 1);
}

/* A function of the same name and another type. NULL: there is none. */
static char *same_elsewhere(struct sources *src, const struct pattern *p)
{
	for (size_t i = 0; i < p->nfunctions; i++) {
		const char *name = p->functions[i];
		const struct syscall_entry *e = syscall_of(name);

		if (e && (p->type != OBJECT_SYSCALL || strcmp(e->name, name)))
			return phrase("%s:%s", "syscall", e->name);
		if ((p->type == OBJECT_SYSCALL || p->type == OBJECT_USER) &&
		    kernel_function(src, name))
			return phrase("%s%s", "", name);
		if (p->type != OBJECT_USER && library_of(src, name))
			return phrase("%s:%s", src->libc, name);
	}
	return NULL;
}

/* The same for a glob. */
static char *matches_elsewhere(struct sources *src, const struct pattern *p)
{
	size_t n;
	const struct syscall_entry *calls = syscalls__all(&n);
	const struct symbols *s = p->type == OBJECT_ANY ? NULL : sources__symbols(src);
	const struct ksym *all;

	for (size_t i = 0; i < n && p->type != OBJECT_SYSCALL; i++)
		if (pattern__matches(p, calls[i].name))
			return phrase("'%s:%s'", "syscall", p->functions[0]);
	all = s ? symbols__all(s, &n) : NULL;
	for (size_t i = 0; all && i < n; i++)
		if (all[i].state == KSYM_TRACEABLE && pattern__matches(p, all[i].name))
			return phrase("'%s%s'", "", p->functions[0]);
	return xstrdup("");
}

char *hints__elsewhere(struct sources *src, const struct request *r)
{
	if (r->list->builtin || r->pattern->type == OBJECT_MODULE)
		return xstrdup("");
	return r->pattern->glob ? matches_elsewhere(src, r->pattern)
				: same_elsewhere(src, r->pattern);
}

/* ---- similar names --------------------------------------------------------------------------- */

static bool is_among(const char *name, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == name)
			return true;
	return false;
}

/* The first n of v are kernel functions, then come system calls. */
static char *near_in_kernel(const char *name, const char *const *v, size_t n, size_t ncalls)
{
	const char *near[SUGGEST_PHRASE];
	size_t found = suggest__nearest(name, v, n + ncalls, near, ARRAY_SIZE(near));
	char *texts[SUGGEST_PHRASE];

	for (size_t i = 0; i < found; i++)
		texts[i] = xasprintf("%s%s", is_among(near[i], v + n, ncalls) ? "syscall:" : "",
				     near[i]);
	return phrase_of(texts, found);
}

char *hints__kernel(struct sources *src, const struct request *r, const char *object)
{
	size_t n, ncalls, found = 0;
	const struct ksym *all = symbols__all(src->symbols, &n);
	const struct syscall_entry *calls = syscalls__all(&ncalls);
	__cleanup_free const char **v = NULL;
	char *same = hints__elsewhere(src, r);

	if (same)
		return same;
	v = xcalloc(n + ncalls, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		if (all[i].state == KSYM_TRACEABLE && (!object || !strcmp(object, all[i].object)))
			v[found++] = all[i].name;
	if (object)
		ncalls = 0;
	for (size_t i = 0; i < ncalls; i++)
		v[found + i] = calls[i].name;
	return near_in_kernel(r->pattern->functions[0], v, found, ncalls);
}

/* ---- objects -------------------------------------------------------------------------------- */

/* The text before the ':', which may have '-' instead of a module's '_'. */
static char *object_of(const struct pattern *p)
{
	const char *text = p->text + p->exclude;

	return xstrndup(text, strcspn(text, ":"));
}

/* The text without OBJECT. */
static const char *functions_of(const struct pattern *p)
{
	const char *text = p->text + p->exclude, *colon = strchr(text, ':');

	return colon ? colon + 1 : text;
}

/* A program or library of that name. */
static char *file_of(const struct pattern *p)
{
	__cleanup_free char *object = object_of(p), *path = locate__program(object);

	if (!path)
		path = locate__library("", object);
	return path ? phrase("%s:%s", path, functions_of(p)) : NULL;
}

static char *near_module(struct sources *src, const struct pattern *p)
{
	const char *near[SUGGEST_PHRASE];
	size_t n, found;
	const char *const *names = module_list__names(src->modules, &n);
	char *texts[SUGGEST_PHRASE];

	found = suggest__nearest(p->object, names, n, near, ARRAY_SIZE(near));
	for (size_t i = 0; i < found; i++)
		texts[i] = xasprintf("%s:%s", near[i], functions_of(p));
	return phrase_of(texts, found);
}

char *hints__object(struct sources *src, const struct request *r)
{
	char *file =
		r->pattern->type == OBJECT_KERNEL && !r->list->builtin ? file_of(r->pattern) : NULL;

	if (file || !src->modules || r->list->builtin)
		return file ? file : xstrdup("");
	return near_module(src, r->pattern);
}

char *hints__path(const char *path, const char *functions)
{
	const char *name = strrchr(path, '/');
	size_t root = locate__root_of(path), n = 0;
	__cleanup_free char *prefix = xstrndup(path, root);
	char *near[LOCATE_NEAR], *found;

	name = name ? name + 1 : path;
	found = root ? NULL : locate__program(name);
	if (!found)
		found = locate__library(prefix, name);
	if (found)
		near[n++] = found;
	else
		n = locate__near(path, near);
	for (size_t i = 0; i < n; i++) {
		__cleanup_free char *old = near[i];

		near[i] = xasprintf("%s:%s", old, functions);
	}
	return phrase_of(near, n);
}

/* ---- words of other tools ------------------------------------------------------------------- */

static bool is_one_of(const char *object, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(object, *words))
			return true;
	return false;
}

char *hints__foreign(const struct pattern *p)
{
	static const char *const points[] = { "tp", "trace", NULL };
	static const char *const raw[] = { "rawtracepoint", "raw_tp", "tp_btf", NULL };
	static const char *const functions[] = { "kprobe", "kretprobe", "fentry", "fexit",
						 "kfunc",  "kretfunc",	NULL };
	const char *rest = functions_of(p), *name = strrchr(rest, ':');

	if (is_one_of(p->object, functions))
		return xasprintf(
			"%s is not a kernel module; write %s alone: the exporter picks the "
			"mechanism (--mechanism forces one)",
			p->object, rest);
	if (is_one_of(p->object, raw))
		return xasprintf("%s is not a kernel module; write raw_tracepoint:%s", p->object,
				 name ? name + 1 : rest);
	if (!is_one_of(p->object, points))
		return NULL;
	return xasprintf("%s is not a kernel module; write tracepoint:%s", p->object, rest);
}
