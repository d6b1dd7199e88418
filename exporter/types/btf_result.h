/* SPDX-License-Identifier: GPL-2.0-only */
/* How to read a function's result, by its return type in BTF. */
#pragma once

#include "bpf/abi.h"
#include "types/enumerators.h"

struct btf_result {
	enum rp_kind kind;		/* RP_KIND_ERRNO: any signed integer */
	uint8_t size;			/* bytes: 1, 2, 4, 8 */
	struct enumerator *enumerators; /* to be freed by enumerators__free() */
	size_t nenumerators;
};

/* type: the return type. */
struct btf_result btf_result__read(const struct btf *btf, uint32_t type);
