/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/syscall_functions.h"

#include <fcntl.h>

#include "base/file.h"
#include "discover/kernel_symbol.h"
#include "kernel/syscall_functions.h"

/* Run for calls that a seccomp filter or a tracer may answer (bpf/probe_answered.bpf.h). The first
 * that exists is used. */
static const struct {
	const char *name;
	enum rp_answerer kind;
} answerers[] = {
	{ "syscall_trace_enter", RP_ANSWERER_ENTER },
	{ "__seccomp_permit_syscall", RP_ANSWERER_PERMIT },
	{ "__secure_computing", RP_ANSWERER_SECCOMP },
};
/* The last two do not run for calls that a tracer answers. */
#define STOPS  "ptrace_notify"

#define HIDDEN "the addresses of kernel functions are hidden: CAP_SYSLOG shows them"

static void refuse(struct target *t, char *why)
{
	free(t->no_function);
	t->no_function = why;
}

/* One function of that name, which may have a suffix of the compiler. NULL: there is none, or there
 * are several. */
static const struct ksym *find_only(const struct symbols *s, const char *name)
{
	const struct ksym *found = symbols__find(s, name);
	size_t n, len = strlen(name), functions = found ? found->copies : 0;
	const struct ksym *const *derived = symbols__derived(s, &n);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(derived[i]->name, name, len) || derived[i]->name[len] != '.' ||
		    strstr(derived[i]->name, ".cold"))
			continue;
		found = derived[i];
		functions += found->copies;
	}
	return functions == 1 && found->state == KSYM_TRACEABLE ? found : NULL;
}

/* False: the kernel has none. Addresses may be hidden. */
static bool find_answerer(const struct symbols *s, struct answerer *out)
{
	const struct ksym *stops = find_only(s, STOPS);

	for (size_t i = 0; i < ARRAY_SIZE(answerers); i++) {
		bool alone = answerers[i].kind == RP_ANSWERER_ENTER;
		const struct ksym *found = find_only(s, answerers[i].name);

		if (!found || !(alone || stops))
			continue;
		*out = (struct answerer){ answerers[i].kind, found->addr, alone ? 0 : stops->addr };
		return true;
	}
	return false;
}

/* Other names of the function that belong to other calls, or to other numbers of this one. */
static const char *other_call(const struct symbols *s, const struct ksym *sym,
			      const struct syscall_function *v, size_t n)
{
	for (const struct ksym *k = symbols__alias(s, sym); k != sym; k = symbols__alias(s, k)) {
		bool own = !syscall_functions__is_one(k->name);

		for (size_t i = 0; i < n && !own; i++)
			own = !strcmp(k->name, v[i].name);
		if (!own)
			return k->name;
	}
	return NULL;
}

static struct target *target_of(struct sources *s, const struct ksym *sym, uint8_t part)
{
	struct target *t = target__new(TARGET_KERNEL, sym->object, sym->name);

	t->addr = sym->addr;
	t->end = symbols__end(s->symbols, sym);
	t->symbol = xstrdup(sym->name);
	t->part = part;
	kernel_symbol__type(s, sym, t);
	return t;
}

/* A function has the address of another one if it takes no arguments. */
static bool is_added(const struct target *t, const struct ksym *sym)
{
	if (!t->symbol || !sym->addr)
		return false;
	for (size_t i = 0; i < t->nmore; i++)
		if (t->more[i]->addr == sym->addr)
			return true;
	return t->addr == sym->addr;
}

static void add_function(struct sources *s, struct target *t, const struct ksym *sym)
{
	struct target *f = target_of(s, sym, t->symbol ? t->nmore + 1 : 0);

	if (t->symbol) {
		*(struct target **)array__grow(&t->more, &t->nmore, sizeof(*t->more)) = f;
		return;
	}
	target__set_function(t, f);
	target__free(f);
}

/* NULL, or why this function cannot be probed in place of its call. */
static char *objection(struct sources *s, const struct ksym *sym, const struct syscall_function *v,
		       size_t n)
{
	const char *why = NULL, *other = other_call(s->symbols, sym, v, n);

	if (sym->copies > 1 || symbols__next(s->symbols, symbols__find(s->symbols, sym->name)))
		return xasprintf("there are several functions %s", sym->name);
	if (!sym->addr)
		return xstrdup(HIDDEN);
	if (other)
		return xasprintf("%s is another call of the same function", other);
	if (kernel_symbol__verdict(s->symbols, sym, false, &why) != REASON_NONE)
		return xasprintf("%s: %s", sym->name, why);
	return NULL;
}

/* Whether the functions that were found are those of all programs that make the call. */
static char *missing(const struct symbols *s, const struct syscall_entry *e, bool native,
		     bool compat)
{
	if (e->nr >= 0 && !native)
		return xasprintf("this kernel has no function of that name for 64-bit programs");
	if (e->nr32 >= 0 && !compat && symbols__find(s, SYSCALL_FUNCTIONS_COMPAT))
		return xasprintf("this kernel has no function of that name for 32-bit programs");
	return native || compat ? NULL : xstrdup("this kernel has no function of that name");
}

static void find_functions(struct sources *s, struct target *t, const struct syscall_entry *e)
{
	struct syscall_function v[SYSCALL_FUNCTIONS];
	size_t n = syscall_functions__of(e, v);
	bool found[2] = {};
	char *why = NULL;

	for (size_t i = 0; i < n && !why; i++) {
		const struct ksym *sym = symbols__find(s->symbols, v[i].name);

		if (!sym)
			continue;
		why = objection(s, sym, v, n);
		found[v[i].compat] = true;
		if (!why && !is_added(t, sym))
			add_function(s, t, sym);
	}
	if (!why)
		why = missing(s->symbols, e, found[false], found[true]);
	if (why)
		refuse(t, why);
}

/* A multi link would take both for one function. */
static bool is_probed(const struct targets *all, const struct target *function)
{
	for (size_t i = 0; i < all->nids; i++)
		if (all->v[i]->type == TARGET_KERNEL && all->v[i]->addr == function->addr)
			return true;
	return false;
}

static void find(const struct targets *all, struct sources *s, struct target *t)
{
	const struct syscall_entry *e = syscalls__find(t->function);
	const char *unknown = syscall_functions__unknown(e);
	bool probed;

	if (unknown) {
		refuse(t, xstrdup(unknown));
		return;
	}
	find_functions(s, t, e);
	if (t->no_function)
		return;
	probed = is_probed(all, t);
	for (size_t i = 0; i < t->nmore; i++)
		probed |= is_probed(all, t->more[i]);
	if (probed)
		refuse(t, xstrdup("a function of it is probed by its own name, too"));
}

/* Why none is attached by its functions; NULL: some may be. */
static const char *general_objection(struct sources *s, size_t n, struct answerer *answerer)
{
	if (!s->env->functions)
		return "kernel functions cannot be probed here";
	if (n > SYSCALLS_BY_FUNCTION)
		return "so many system calls are cheaper by the tracepoints";
	if (!sources__symbols(s))
		return "the functions of this kernel cannot be listed";
	if (!find_answerer(s->symbols, answerer))
		return "calls that a seccomp filter answers could not be counted: this kernel has "
		       "neither syscall_trace_enter nor __seccomp_permit_syscall that can be "
		       "probed";
	return answerer->addr ? NULL : HIDDEN;
}

/* Debian builds kernels that run x32 programs only if they are told to. */
static bool runs_x32(const struct symbols *s)
{
	char line[4096] = "";

	if (!s || !(symbols__find(s, "x32_sys_call") || symbols__find(s, "__x32_compat_sys_ioctl")))
		return false;
	if (!symbols__find(s, "x32_param_get"))
		return true;
	return file__read_head(AT_FDCWD, "/proc/cmdline", line, sizeof(line)) > 0 &&
	       (strstr(line, "syscall.x32=y") || strstr(line, "syscall.x32=1"));
}

static bool is_call(const struct target *t)
{
	return t->type == TARGET_SYSCALL && t->reason == REASON_NONE;
}

void syscall_functions__find(struct targets *all, struct sources *s)
{
	struct answerer answerer = {};
	const char *why;
	size_t n = 0;
	bool x32;

	for (size_t i = 0; i < all->nids; i++)
		n += is_call(all->v[i]);
	why = n ? general_objection(s, n, &answerer) : NULL;
	x32 = runs_x32(s->symbols);
	for (size_t i = 0; i < all->nids; i++) {
		if (!is_call(all->v[i]))
			continue;
		all->v[i]->x32_calls = x32;
		if (why) {
			refuse(all->v[i], xstrdup(why));
		} else {
			find(all, s, all->v[i]);
			all->v[i]->answerer = answerer;
		}
	}
}
