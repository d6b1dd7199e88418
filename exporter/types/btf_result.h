/* SPDX-License-Identifier: GPL-2.0-only */
/* What a function returns, by its type in BTF. */
#ifndef TYPES_BTF_RESULT_H
#define TYPES_BTF_RESULT_H

#include "bpf/abi.h"
#include "types/enumerators.h"

struct btf_result {
	enum rp_kind kind;		/* RP_KIND_ERRNO: any signed integer */
	uint8_t size;			/* bytes: 1, 2, 4, 8 */
	struct enumerator *enumerators; /* for enumerators__free() */
	size_t nenumerators;
};

struct btf_result btf_result__read(const struct btf *btf, uint32_t type);

#endif /* TYPES_BTF_RESULT_H */
