/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/raw_tracepoints.h"

#include <bpf/btf.h>

#include "base/suggest.h"

#define PREFIX	   "__traceiter_"
#define FIRST_ONES "(void *__data"

const char *raw_tracepoints__name(const struct ksym *sym)
{
	return strncmp(sym->name, PREFIX, strlen(PREFIX)) ? NULL : sym->name + strlen(PREFIX);
}

const struct ksym *raw_tracepoints__find(struct sources *src, const char *name)
{
	__cleanup_free char *function = xasprintf(PREFIX "%s", name);
	const struct symbols *s = sources__symbols(src);

	return s ? symbols__find(s, function) : NULL;
}

const char **raw_tracepoints__all(struct sources *src, size_t *n)
{
	const struct symbols *s = sources__symbols(src);
	const char **names = NULL;
	const struct ksym *all;
	size_t nsymbols = 0;

	*n = 0;
	all = s ? symbols__all(s, &nsymbols) : NULL;
	for (size_t i = 0; i < nsymbols; i++) {
		const char *name = raw_tracepoints__name(&all[i]);

		if (name)
			*(const char **)array__grow(&names, n, sizeof(*names)) = name;
	}
	return names;
}

/* Of "int __traceiter_NAME(void *__data, int a)". */
char *raw_tracepoints__signature(struct sources *src, const char *name)
{
	const struct ksym *sym = raw_tracepoints__find(src, name);
	struct kernel_functions *types = sources__types(src);
	struct function_type type;
	const char *rest;
	char *result;

	if (!sym || !types || kernel_functions__function(types, sym->object, sym->name, &type))
		return NULL;
	rest = type.signature ? strstr(type.signature, FIRST_ONES) : NULL;
	rest = rest ? rest + strlen(FIRST_ONES) : ")";
	result = xasprintf("void %s(%s", name, *rest == ',' ? rest + 2 : "void)");
	function_type__free(&type);
	return result;
}

char *raw_tracepoints__missing(struct sources *src, const char *name)
{
	__cleanup_free const char **names = NULL;
	__cleanup_free char *near = NULL;
	size_t n;

	if (!sources__symbols(src))
		return sources__no_symbols(src);
	names = raw_tracepoints__all(src, &n);
	near = suggest__hint(name, names, n);
	return xasprintf("no raw tracepoint %s%s", name, near);
}

/* Each argument is a word, whatever its type. */
static void place_arguments(const struct btf_type *proto, struct parameter_place *places)
{
	for (int i = 0; i < btf_vlen(proto) && i < PLACES_MAX; i++)
		places[i] = i && i <= PLACE_WORDS
				    ? (struct parameter_place){ PLACE_REGISTER, i - 1, 1 }
				    : (struct parameter_place){ .kind = PLACE_STACK };
}

void raw_tracepoints__scope(struct sources *src, const char *name, struct raw_tracepoint *r,
			    struct expr_scope *scope)
{
	const struct ksym *sym = raw_tracepoints__find(src, name);

	scope->is_point = true;
	scope->untyped = "the kernel has no BTF for this tracepoint";
	scope->signature = r->signature = raw_tracepoints__signature(src, name);
	if (!sym || kernel_functions__proto(sources__types(src), sym->object, sym->name,
					    &scope->btf, &scope->proto))
		return;
	scope->untyped = NULL;
	scope->places = r->places;
	place_arguments(btf__type_by_id(scope->btf, scope->proto), r->places);
}

void raw_tracepoint__release(struct raw_tracepoint *r)
{
	free(take_ptr(r->signature));
}
