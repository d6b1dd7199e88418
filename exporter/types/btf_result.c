/* SPDX-License-Identifier: GPL-2.0-only */
#include "types/btf_result.h"

#include <bpf/btf.h>

#include "types/btf_print.h"

static bool is_register_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

struct btf_result btf_result__read(const struct btf *btf, uint32_t type)
{
	struct btf_result r = { .kind = RP_KIND_VOID, .size = 8 };
	const struct btf_type *t = btf_print__resolve(btf, type);
	__u8 encoding;

	if (!t)
		return r;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		r.kind = RP_KIND_POINTER;
		return r;
	case BTF_KIND_INT:
		/* The low half of an __int128 would be a number of its own. */
		if (!is_register_size(t->size))
			return r;
		encoding = btf_int_encoding(t);
		r.size = t->size;
		r.kind = encoding & BTF_INT_BOOL     ? RP_KIND_BOOL
			 : encoding & BTF_INT_SIGNED ? RP_KIND_ERRNO
						     : RP_KIND_UNSIGNED;
		return r;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (!is_register_size(t->size))
			return r;
		r.kind = RP_KIND_ENUM;
		r.size = t->size;
		/* As rp_outcome() reports them. */
		r.nenumerators = enumerators__read(btf, t, true, &r.enumerators);
		return r;
	default: /* void; structs and floats, which are not in the register that we read */
		return r;
	}
}
