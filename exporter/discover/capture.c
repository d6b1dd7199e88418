/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters for expressions. BTF has the parameters of kernel functions. For system calls, BTF
 * only has the kernel's wrapper, which takes a `struct pt_regs *`. So names and C types come from
 * the format of the tracepoint, and the structs that these types refer to from the BTF of vmlinux.
 * Parameters of user functions come from DWARF.
 */
#include "discover/capture.h"

#include <errno.h>

#include "base/buf.h"
#include "config/named_label.h"
#include "expr/capture.h"
#include "kernel/tracefs.h"

#define PARAMS_MAX 6 /* system calls have no more */

/* A system call as its tracepoint describes it. The texts point into format. */
struct syscall_type {
	char *format, *signature;
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

/* "field:const char * filename;	offset:24;	size:8;	signed:0;" */
static bool read_field(char *line, const char **type, const char **name)
{
	char *field = strstr(line, "field:"), *end = strchr(line, ';'), *space;

	if (!field || !end || end < field)
		return false;
	*end = '\0';
	*type = field + strlen("field:");
	space = strrchr(field, ' ');
	if (!space || space == *type)
		return false;
	*space = '\0';
	*name = space + 1;
	return true;
}

static void read_syscall(const struct sources *src, const struct target *t, struct syscall_type *s)
{
	__cleanup_free char *event = xasprintf("sys_enter_%s", kernel_name(t->function));
	__cleanup_buf struct buf text = {};
	const char *type, *name;
	bool after = false;
	char *save = NULL;

	s->format = tracefs__event_format(src->env->tracefs, "syscalls", event);
	if (!s->format)
		return;
	buf__printf(&text, "%s(", t->function);
	for (char *line = strtok_r(s->format, "\n", &save); line && s->n < PARAMS_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!read_field(line, &type, &name))
			continue;
		/* Newer kernels append the texts that parameters point to. */
		if (after && strncmp(type, "__data_loc ", 11)) {
			buf__printf(&text, "%s%s%s%s", s->n ? ", " : "", type,
				    type[strlen(type) - 1] == '*' ? "" : " ", name);
			s->types[s->n] = type;
			s->names[s->n++] = name;
		}
		after |= !strcmp(name, "__syscall_nr");
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
	if (!s->format) {
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

int capture__resolve(struct sources *src, const struct probe_settings *s, struct target *t,
		     const struct source_pos **pos, char **why)
{
	bool needs_types = false;
	struct expr_scope scope = { .result = target__result(t), .needs_types = &needs_types };
	struct syscall_type syscall = {};
	int err;

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
		}
	}
	err = capture_spec__new(s, &scope, &t->error, &t->capture, pos, why);
	if (!err && t->type == TARGET_KERNEL && t->capture && t->capture->kernel.callers)
		add_return_trampolines(src, &t->capture->kernel);
	free(syscall.format);
	free(syscall.signature);
	return err && t->type == TARGET_USER && (scope.btf || needs_types) ? -ENOENT : err;
}
