/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/named.h"

#include "base/error.h"
#include "expr/expr.h"
#include "expr/names.h"

/* A caller may have any name, as {from: caller}, but is no word of longer expressions: its number
 * says nothing. */
const struct named_label *named__of(const struct expr_scope *s, const struct expression *setting)
{
	const struct named_label *named = named_label__of(setting->name, setting->text);

	if (named || names__is_parameter(s, "caller"))
		return named;
	named = named_label__find(setting->text);
	return named && named->part == LABEL_CALLER ? named : NULL;
}

static int compile_caller(const struct named_label *label, const struct expr_scope *s,
			  struct expr *out, char **why)
{
	if (s->syscall)
		return error__refuse(
			why,
			"\"%s\": system calls are made by programs, not by functions of "
			"the kernel; remove it, or probe a kernel function",
			label->name);
	if (s->user && label->source != RP_SOURCE_CALLER)
		return error__refuse(why,
				     "\"%s\" is for kernel functions; use caller, or remove it",
				     label->name);
	*out = (struct expr){ .field.source = label->source, .format = EXPR_CALLER };
	if (s->user)
		*out = (struct expr){ .field.source = RP_SOURCE_PID,
				      .second.source = label->source,
				      .format = EXPR_USER_CALLER };
	return 0;
}

/* It takes precedence over a parameter of that name. */
int named__compile(const struct named_label *label, const struct expr_scope *s, struct expr *out,
		   char **why)
{
	static const struct expr_scope no_parameters;

	if (label->part == LABEL_CALLER)
		return compile_caller(label, s, out, why);
	return expr__compile(&no_parameters, label->part == LABEL_WHOLE ? label->name : "cgroup",
			     out, why);
}
