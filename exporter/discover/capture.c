/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the expressions of a probe may refer to. A kernel function's parameters are in BTF. Those of
 * a system call are in the format of its tracepoint, by name and C type, since the kernel's own
 * function has one `struct pt_regs *`; what their types lead to is in vmlinux's BTF again.
 */
#include "base/buf.h"
#include "discover/internal.h"
#include "expr/capture.h"
#include "kernel/tracefs.h"

#define PARAMS_MAX 6 /* of a system call */

/* A system call as its tracepoint describes it; the texts point into `format`. */
struct syscall_type {
	char *format, *signature;
	const char *names[PARAMS_MAX], *types[PARAMS_MAX];
	size_t n;
};

/*
 * Tracepoints have the names of the kernel's functions, which are not always those of user space.
 * umount is the one of 32-bit programs that takes no flags: umount2's tracepoint is not its.
 */
static const struct {
	const char *syscall, *function;
} kernel_names[] = {
	{ "stat", "newstat" },		 { "lstat", "newlstat" },      { "fstat", "newfstat" },
	{ "uname", "newuname" },	 { "sendfile", "sendfile64" }, { "umount2", "umount" },
	{ "umount", "oldumount" },
#ifdef __aarch64__
	{ "fadvise64", "fadvise64_64" },
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

static void read_syscall(const struct discovery *d, const struct target *t, struct syscall_type *s)
{
	__cleanup_free char *event = xasprintf("sys_enter_%s", kernel_name(t->function));
	__cleanup_buf struct buf text = {};
	const char *type, *name;
	bool after = false;
	char *save = NULL;

	s->format = tracefs__event_format(d->env->tracefs, "syscalls", event);
	if (!s->format)
		return;
	buf__printf(&text, "%s(", t->function);
	for (char *line = strtok_r(s->format, "\n", &save); line && s->n < PARAMS_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!read_field(line, &type, &name))
			continue;
		/* Newer kernels list the texts that parameters point to behind the parameters. */
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

static void scope_of_syscall(struct discovery *d, const struct target *t, struct syscall_type *s,
			     struct expr_scope *scope)
{
	scope->user = true;
	scope->btf = btf_types__vmlinux(discover_kernel__types(d));
	read_syscall(d, t, s);
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

static void scope_of_function(struct discovery *d, const struct target *t, struct expr_scope *scope)
{
	scope->signature = t->signature;
	scope->untyped = "the kernel has no BTF for this function";
	/* Parameters may have been left out, and the others moved to other registers. */
	if (strchr(t->symbol, '.')) {
		scope->untyped = "the compiler has changed this function's parameters";
		scope->signature = NULL;
		return;
	}
	if (!btf_types__proto(discover_kernel__types(d), t->object,
			      t->btf_name ? t->btf_name : t->symbol, &scope->btf, &scope->proto))
		scope->untyped = NULL;
}

int discover_extra(struct discovery *d, const struct probe_settings *s, struct target *t,
		   const struct source_pos **pos, char **why)
{
	struct expr_scope scope = { .result = target__result(t) };
	struct syscall_type syscall = {};
	int err;

	if (s->nlabels || s->nfilters || s->nobserved) {
		switch (t->type) {
		case TARGET_KERNEL:
			scope_of_function(d, t, &scope);
			break;
		case TARGET_SYSCALL:
			scope_of_syscall(d, t, &syscall, &scope);
			break;
		case TARGET_USER:
			scope.user = true;
			scope.untyped =
				"parameters of user functions are known by their number only";
			break;
		}
	}
	err = extra__new(s, &scope, &t->error, &t->extra, pos, why);
	free(syscall.format);
	free(syscall.signature);
	return err;
}
