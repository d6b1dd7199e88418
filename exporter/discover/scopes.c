/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters for expressions. BTF has the parameters of kernel functions. For system calls, BTF
 * only has the kernel's wrapper, which takes a `struct pt_regs *`. So names and C types come from
 * the format of the tracepoint, and the structs that these types refer to from the BTF of vmlinux.
 * Parameters of user functions come from DWARF, and fields of tracepoints from their format.
 */
#include "discover/scopes.h"

#include "base/buf.h"
#include "kernel/tracefs.h"

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

void scopes__of_syscall(struct sources *src, const struct target *t, struct syscall_type *s,
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

void scopes__of_function(struct sources *src, const struct target *t, struct expr_scope *scope)
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
void scopes__of_event(struct sources *src, const char *name, struct event_format *format,
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

void scopes__of_user(struct sources *src, const struct target *t, struct expr_scope *scope)
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
