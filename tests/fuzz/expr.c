/* SPDX-License-Identifier: GPL-2.0-only */
/* A letter that selects a function of the fixture, and an expression or a filter. */
#include "expr/condition.h"
#include "expr_fixture.h"
#include "fuzz.h"

static void compile_expr(const struct expr_scope *scope, const char *text)
{
	struct expr e = {};
	char *why = NULL;

	if (expr__compile(scope, text, &e, &why)) {
		fuzz__check_message(why);
		return;
	}
	fuzz__check(e.format != EXPR_ENUM || e.nenumerators);
	expr__free(&e);
}

static void compile_filter(const struct expr_scope *scope, const char *text)
{
	struct condition all;
	char *why = NULL;

	/* A file that is no directory, so that it contains no cgroup. */
	if (condition__compile(scope, text, "/proc/self/exe", &all, &why))
		fuzz__check_message(why);
}

void fuzz__input(const char *data, size_t len)
{
	static struct expr_fixture f;
	const struct expr_scope *scopes[] = { &f.scope, &f.other, &f.syscall, &f.user, &f.placed };
	__cleanup_free char *text = len ? fuzz__text(data + 1, len - 1) : NULL;
	const struct expr_scope *scope;

	if (!text)
		return;
	if (!f.btf)
		expr_fixture__make(&f);
	scope = scopes[(uint8_t)*data % ARRAY_SIZE(scopes)];
	compile_expr(scope, text);
	compile_filter(scope, text);
}
