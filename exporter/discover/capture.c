/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters for expressions. BTF has the parameters of kernel functions. For system calls, BTF
 * only has the kernel's wrapper, which takes a `struct pt_regs *`. So names and C types come from
 * the format of the tracepoint, and the structs that these types refer to from the BTF of vmlinux.
 * Parameters of user functions come from DWARF, and fields of tracepoints from their format.
 */
#include "discover/capture.h"

#include <errno.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/named_label.h"
#include "discover/events.h"
#include "discover/kernel_symbol.h"
#include "expr/capture_new.h"
#include "kernel/event_format.h"
#include "kernel/tracefs.h"

#define PARAMS_MAX 6 /* system calls have no more */

/* A system call as its tracepoint describes it. The texts belong to format. */
struct syscall_type {
	struct event_format format;
	char *signature;
	const char *names[PARAMS_MAX], *types[PARAMS_MAX];
	size_t n;
};

/*
 * Tracepoints are named after functions of the kernel, whose names may differ from those of user
 * space. umount is the call of 32-bit programs without flags; its tracepoint is not umount2's.
 */
static const struct {
	const char *syscall, *function;
} kernel_names[] = {
	{ "stat", "newstat" },		 { "lstat", "newlstat" },
	{ "fstat", "newfstat" },	 { "uname", "newuname" },
	{ "sendfile", "sendfile64" },	 { "umount2", "umount" },
	{ "umount", "oldumount" },
#ifdef __aarch64__
	{ "fadvise64", "fadvise64_64" }, { "personality", "arm64_personality" },
#endif
};

static const char *kernel_name(const char *syscall)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_names); i++)
		if (!strcmp(syscall, kernel_names[i].syscall))
			return kernel_names[i].function;
	return syscall;
}

static void read_syscall(const struct sources *src, const struct target *t, struct syscall_type *s)
{
	__cleanup_free char *event = xasprintf("sys_enter_%s", kernel_name(t->function));
	__cleanup_buf struct buf text = {};
	bool after = false;
	char *format = tracefs__event_format(src->env->tracefs, "syscalls", event);

	if (!format)
		return;
	event_format__parse(format, &s->format);
	buf__printf(&text, "%s(", t->function);
	for (size_t i = 0; i < s->format.n && s->n < PARAMS_MAX; i++) {
		const struct event_field *f = &s->format.fields[i];

		/* Newer kernels append the texts that parameters point to. */
		if (after && !f->located) {
			buf__printf(&text, "%s%s%s%s", s->n ? ", " : "", f->type,
				    f->type[strlen(f->type) - 1] == '*' ? "" : " ", f->name);
			s->types[s->n] = f->type;
			s->names[s->n++] = f->name;
		}
		after |= !strcmp(f->name, "__syscall_nr");
	}
	buf__printf(&text, "%s)", s->n ? "" : "void");
	s->signature = xstrdup(buf__str(&text));
}

static void scope_of_syscall(struct sources *src, const struct target *t, struct syscall_type *s,
			     struct expr_scope *scope)
{
	scope->syscall = scope->user = true;
	scope->btf = kernel_functions__vmlinux(sources__types(src));
	read_syscall(src, t, s);
	if (!s->format.text) {
		scope->untyped =
			"this system call is not described in tracefs, or tracefs cannot be "
			"read (CAP_DAC_READ_SEARCH)";
		return;
	}
	scope->params = s->names;
	scope->types = s->types;
	scope->nparams = s->n;
	scope->signature = s->signature;
}

static void scope_of_function(struct sources *src, const struct target *t, struct expr_scope *scope)
{
	scope->signature = t->signature;
	scope->untyped = "the kernel has no BTF for this function";
	/* In a clone, parameters may be missing, and others be in other registers. */
	if (strchr(t->symbol, '.')) {
		scope->untyped = "the compiler has changed this function's parameters";
		scope->signature = NULL;
		return;
	}
	if (!kernel_functions__proto(sources__types(src), t->object,
				     t->btf_name ? t->btf_name : t->symbol, &scope->btf,
				     &scope->proto))
		scope->untyped = NULL;
}

/* The record of a tracepoint. */
static void scope_of_event(struct sources *src, const char *name, struct event_format *format,
			   struct expr_scope *scope)
{
	__cleanup_free char *group = xstrdup(name);
	char *event = strchr(group, ':'), *text;

	*event++ = '\0';
	scope->is_point = scope->is_event = true;
	scope->user = !strcmp(group, "syscalls"); /* their pointers are the program's */
	scope->btf = kernel_functions__vmlinux(sources__types(src));
	text = tracefs__event_format(src->env->tracefs, group, event);
	if (!text)
		return;
	event_format__parse(text, format);
	scope->fields = format->fields;
	scope->nfields = format->n;
}

static void scope_of_user(struct sources *src, const struct target *t, struct expr_scope *scope)
{
	struct elf_file *f = sources__file_of(src, t);
	struct elf_function function;

	scope->user = true;
	scope->signature = t->described ? t->signature : NULL;
	scope->untyped = "its file has no DWARF, or several functions at its address; build it "
			 "with -g, or install its debug symbols";
	if (!f)
		return;
	if (!elf_file__parameters(f, src->env, t->offset, &function)) {
		scope->go = elf_file__is_go(f, t->offset);
		if (t->selected)
			scope->untyped = "parameters of functions by library or process have no "
					 "names, as builds differ: write arg0 to arg5, or name "
					 "one file with object:";
		return;
	}
	scope->untyped = NULL;
	scope->btf = function.btf;
	scope->proto = function.proto;
	scope->places = function.places;
	scope->go = function.go;
}

bool capture__needs_parameters(const struct probe_settings *s)
{
	for (size_t i = 0; i < s->nlabels; i++)
		if (!named_label__of(s->labels[i].name, s->labels[i].text))
			return true;
	return s->nfilters || s->nobserved;
}

/* Where the kernel's return probes put their own address. It has some of them. */
static void add_return_trampolines(struct sources *src, struct rp_capture_spec *k)
{
	static const char *const names[] = {
		"arch_rethook_trampoline",
		"__kretprobe_trampoline",
		"kretprobe_trampoline",
		"return_to_handler",
	};
	const struct symbols *symbols = sources__symbols(src);
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && symbols; i++) {
		const struct ksym *sym = symbols__find(symbols, names[i]);

		if (sym && n < RP_RETURN_TRAMPOLINES)
			k->return_trampoline[n++] = sym->addr;
	}
}

/* The entry of a function. For target__free(). */
static struct target *function_of(struct sources *src, const char *name)
{
	const struct ksym *sym = symbols__find(sources__symbols(src), name);
	struct target *f = target__new(TARGET_KERNEL, sym->object, name);

	f->symbol = xstrdup(name);
	kernel_symbol__type(src, sym, f);
	return f;
}

static int resolve_event(struct sources *src, const struct probe_settings *s,
			 const struct span_point *p, struct expr_scope *scope,
			 struct capture_spec **out, const struct source_pos **pos, char **why)
{
	__cleanup_free char *signature = events__signature(src->env, p->event);
	struct event_format format = {};
	int err;

	scope->signature = signature;
	scope_of_event(src, p->event, &format, scope);
	err = capture_spec__of_point(s, p, scope, out, pos, why);
	event_format__free(&format);
	return err;
}

static int resolve_function(struct sources *src, const struct probe_settings *s,
			    const struct span_point *p, struct expr_scope *scope,
			    struct capture_spec **out, const struct source_pos **pos, char **why)
{
	struct target *f = function_of(src, p->function);
	int err;

	scope_of_function(src, f, scope);
	err = capture_spec__of_point(s, p, scope, out, pos, why);
	target__free(f);
	return err;
}

static int resolve_point(struct sources *src, const struct probe_settings *s,
			 const struct span_point *p, struct target *t,
			 const struct source_pos **pos, char **why)
{
	struct expr_scope scope = { .result.kind = t->kind, .is_point = true };
	struct capture_spec *x;
	int err;

	err = p->event ? resolve_event(src, s, p, &scope, &x, pos, why)
		       : resolve_function(src, s, p, &scope, &x, pos, why);
	if (err)
		return err;
	*(struct capture_spec **)array__grow(&t->points, &t->npoints, sizeof(*t->points)) = x;
	t->capture = t->points[0];
	if (p->role != SPAN_BEGIN || capture_spec__same_layout(x, t->capture))
		return 0;
	*pos = &p->pos;
	return error__refuse(why, "the labels read other kinds of fields here than at the first "
				  "begin: numbers, texts and enums must be the same");
}

static int resolve_span(struct sources *src, const struct probe_settings *s, struct target *t,
			const struct source_pos **pos, char **why)
{
	int err = 0;

	for (size_t i = 0; i < s->span->npoints && !err; i++)
		err = resolve_point(src, s, &s->span->points[i], t, pos, why);
	return err;
}

int capture__resolve(struct sources *src, const struct probe_settings *s, struct target *t,
		     const struct source_pos **pos, char **why)
{
	bool needs_types = false;
	struct expr_scope scope = { .result = target__result(t), .needs_types = &needs_types };
	struct syscall_type syscall = {};
	struct event_format format = {};
	int err;

	if (t->type == TARGET_SPAN)
		return resolve_span(src, s, t, pos, why);
	if (s->nlabels || s->nfilters || s->nobserved) {
		switch (t->type) {
		case TARGET_KERNEL:
			scope_of_function(src, t, &scope);
			break;
		case TARGET_SYSCALL:
			scope_of_syscall(src, t, &syscall, &scope);
			break;
		case TARGET_USER:
			scope_of_user(src, t, &scope);
			break;
		case TARGET_EVENT:
			scope.signature = t->signature;
			scope.result.size = 0;
			scope_of_event(src, t->function, &format, &scope);
			break;
		case TARGET_SPAN:
		case TARGET_TYPES:
			break;
		}
	}
	err = capture_spec__new(s, &scope, &t->error, &t->capture, pos, why);
	if (!err && t->type == TARGET_KERNEL && t->capture && t->capture->kernel.callers)
		add_return_trampolines(src, &t->capture->kernel);
	event_format__free(&syscall.format);
	event_format__free(&format);
	free(syscall.signature);
	return err && t->type == TARGET_USER && (scope.btf || needs_types) ? -ENOENT : err;
}
