/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An expression on the first line, then BTF of vmlinux. Looks up and prints every function, and
 * compiles the expression for it.
 */
#include <bpf/btf.h>

#include "types/btf_print.h"
#include "types/kernel_functions.h"
#include "expr/expr.h"
#include "fuzz.h"

#define TYPES_MAX 64

/* A directory that only has a link to the input file. */
static const char *btf_dir(const char *file)
{
	static char *dir;

	if (!dir) {
		__cleanup_free char *link = NULL;
		const char *top = getenv("TMPDIR");

		dir = xasprintf("%s/fuzz-btf-XXXXXX", top ? top : "/tmp");
		fuzz__check(mkdtemp(dir));
		link = xasprintf("%s/vmlinux", dir);
		fuzz__check(!symlink(file, link));
	}
	return dir;
}

static void compile(const struct expr_scope *scope, const char *text)
{
	struct expr e = {};
	char *why = NULL;

	if (expr__compile(scope, text, &e, &why))
		fuzz__check_message(why);
	else
		expr__free(&e);
}

static void ask(struct kernel_functions *b, const char *name, const char *text)
{
	struct expr_scope scope = {};
	struct function_type type;

	if (kernel_functions__function(b, "vmlinux", name, &type))
		return;
	fuzz__check(type.signature);
	fuzz__check(type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8);
	fuzz__check(!kernel_functions__proto(b, "vmlinux", name, &scope.btf, &scope.proto));
	scope.signature = type.signature;
	compile(&scope, text);
	function_type__free(&type);
}

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *text = fuzz__line(&data, &len);
	const struct btf *btf;
	struct kernel_functions *b;

	if (!text || kernel_functions__open(btf_dir(fuzz__file(0, data, len)), &b))
		return;
	btf = kernel_functions__vmlinux(b);
	for (__u32 id = 0; id < btf__type_cnt(btf) && id < TYPES_MAX; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, t->name_off);

		free(btf_print__declaration(btf, id, "x"));
		if (btf_is_func(t) && name && *name)
			ask(b, name, text);
	}
	kernel_functions__free(b);
}
