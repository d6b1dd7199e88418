/* SPDX-License-Identifier: GPL-2.0-only */
#include "types/btf_result.h"

#include <bpf/btf.h>

#include "types/btf_print.h"
#include "types/result.h"

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
		/* One register holds only half of an __int128. */
		if (!result__is_size(t->size))
			return r;
		encoding = btf_int_encoding(t);
		r.size = t->size;
		r.kind = encoding & BTF_INT_BOOL     ? RP_KIND_BOOL
			 : encoding & BTF_INT_SIGNED ? RP_KIND_ERRNO
						     : RP_KIND_UNSIGNED;
		return r;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (!result__is_size(t->size))
			return r;
		r.kind = RP_KIND_ENUM;
		r.size = t->size;
		/* Signed, as rp_outcome() reports values. */
		r.nenumerators = enumerators__read(btf, t, true, &r.enumerators);
		return r;
	default: /* void; structs and floats, which are returned elsewhere */
		return r;
	}
}
