/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/kernel_symbol.h"

#include "discover/denylist.h"

/* A function may have other names that are on the list. */
static const char *why_denied(const struct symbols *s, const struct ksym *sym)
{
	const char *why = denylist__kernel(sym->name);

	for (const struct ksym *k = symbols__alias(s, sym); k != sym && !why;
	     k = symbols__alias(s, k))
		why = denylist__kernel(k->name);
	return why;
}

enum target_reason kernel_symbol__verdict(const struct symbols *s, const struct ksym *sym,
					  bool only_entry, const char **why)
{
	*why = why_denied(s, sym);
	if (*why && only_entry && denylist__allows_entry(*why))
		*why = NULL;
	if (*why)
		return REASON_DENIED;
	switch (sym->state) {
	case KSYM_NOTRACE:
		*why = "the kernel does not let it be traced (notrace or inlined)";
		return REASON_DENIED;
	case KSYM_BLACKLISTED:
		*why = "it is on the kernel's list of functions that kprobes must not touch";
		return REASON_DENIED;
	case KSYM_INIT:
		*why = "it ran while the kernel booted and is gone now";
		return REASON_DENIED;
	case KSYM_TRACEABLE:
		break;
	}
	return REASON_NONE;
}

/* BTF may list the function by another of its names. */
static const struct ksym *find_type(struct sources *s, const struct ksym *sym,
				    struct function_type *type)
{
	const struct ksym *k = sym;

	if (!sources__types(s))
		return NULL;
	do {
		if (!kernel_functions__function(s->types, k->object, k->name, type))
			return k;
		k = symbols__alias(s->symbols, k);
	} while (k != sym);
	return NULL;
}

static bool is_unique(const struct symbols *s, const struct ksym *sym)
{
	return sym->copies == 1 && !symbols__next(s, symbols__find(s, sym->name));
}

void kernel_symbol__type(struct sources *s, const struct ksym *sym, struct target *t)
{
	struct function_type type;
	const struct ksym *typed = find_type(s, sym, &type);

	if (!typed)
		return;
	t->kind = type.kind;
	t->ret_size = type.size;
	/* A clone has the type of its original, but no id of its own. The kernel looks up the name
	 * of the type, and would find the original, or another function of that name. */
	t->btf_id = strchr(typed->name, '.') || !is_unique(s->symbols, typed) ? 0 : type.id;
	t->btf_name = typed == sym ? NULL : xstrdup(typed->name);
	t->slots = type.slots;
	t->signature = take_ptr(type.signature);
	t->enumerators = take_ptr(type.enumerators);
	t->nenumerators = type.nenumerators;
}
