/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libbpf's btf_dump makes text for a compiler: it renames the second `struct foo` of a kernel to
 * foo___2 and writes anonymous structs over several lines. These texts are for readers.
 */
#include "types/btf_print.h"

#include <bpf/btf.h>

#include "base/buf.h"
#include "types/declaration.h"

#define DEPTH_MAX 32 /* compilers make shorter chains; a longer one is a loop */

const struct btf_type *btf_print__resolve(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = NULL;

	for (int depth = 0; depth < DEPTH_MAX && id; depth++) {
		t = btf__type_by_id(btf, id);
		if (!t || !(btf_is_mod(t) || btf_is_type_tag(t) || btf_is_typedef(t)))
			return t;
		id = t->type;
	}
	return NULL;
}

const char *btf_print__name(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

static const struct decl_type kinds[NR_BTF_KINDS] = {
	[BTF_KIND_PTR] = { .kind = DECL_POINTER, .word = "*" },
	[BTF_KIND_CONST] = { .kind = DECL_QUALIFIER, .word = "const" },
	[BTF_KIND_VOLATILE] = { .kind = DECL_QUALIFIER, .word = "volatile" },
	[BTF_KIND_RESTRICT] = { .kind = DECL_QUALIFIER, .word = "restrict" },
	/* __user, __rcu: they do not change the value */
	[BTF_KIND_TYPE_TAG] = { .kind = DECL_QUALIFIER, .word = "" },
	[BTF_KIND_ARRAY] = { .kind = DECL_ARRAY },
	[BTF_KIND_FUNC_PROTO] = { .kind = DECL_FUNCTION },
	[BTF_KIND_STRUCT] = { .kind = DECL_NAMED, .word = "struct" },
	[BTF_KIND_UNION] = { .kind = DECL_NAMED, .word = "union" },
	[BTF_KIND_FWD] = { .kind = DECL_NAMED, .word = "struct" },
	[BTF_KIND_ENUM] = { .kind = DECL_NAMED, .word = "enum" },
	[BTF_KIND_ENUM64] = { .kind = DECL_NAMED, .word = "enum" },
};

static bool look(const void *btf, uint64_t id, struct decl_type *out)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	unsigned kind = t ? btf_kind(t) : 0;

	if (!t)
		return false;
	if (kind < ARRAY_SIZE(kinds))
		*out = kinds[kind];
	if (out->kind == DECL_NAMED) {
		if (btf_is_fwd(t) && btf_kflag(t))
			out->word = "union";
		out->word = out->word ?: "";
		out->name = btf_print__name(btf, t->name_off);
	} else if (out->kind == DECL_ARRAY) {
		snprintf(out->bounds, sizeof(out->bounds), "[%u]", btf_array(t)->nelems);
		out->target = btf_array(t)->type;
	} else {
		out->target = t->type;
	}
	return true;
}

static bool parameter(const void *btf, uint64_t function, uint64_t *at, struct decl_parameter *out)
{
	const struct btf_type *proto = btf__type_by_id(btf, function);
	const struct btf_param *p = btf_params(proto) + *at;

	if (*at >= btf_vlen(proto))
		return false;
	*at += 1;
	out->type = p->type;
	out->name = btf_print__name(btf, p->name_off);
	out->rest = !p->type && !p->name_off && *at == btf_vlen(proto); /* BTF's "..." */
	return true;
}

struct decl_types btf_print__types(const struct btf *btf)
{
	return (struct decl_types){ btf, look, parameter };
}

char *btf_print__declaration(const struct btf *btf, uint32_t type, const char *name)
{
	struct decl_types types = btf_print__types(btf);
	__cleanup_buf struct buf out = {};
	const char *text;

	declaration__print(&types, type, name, &out);
	text = buf__str(&out);
	return text ? xstrdup(text) : NULL;
}
