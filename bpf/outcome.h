/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: (return kind, raw register) -> outcome. Compiled for BPF and for host tests.
 */
#ifndef RP_OUTCOME_H
#define RP_OUTCOME_H

#include "abi.h"

#define RP_MAX_ERRNO 4095 /* include/linux/err.h: MAX_ERRNO */

struct rp_outcome {
	enum rp_class cls;
	__s64 detail; /* errno as a positive number, or enumerator; for RP_CLASS_DETAIL */
};

/*
 * The register as the C type that the function returns: the bits above the type's size are
 * whatever the compiler left there (x86-64 and arm64 psABI alike).
 */
static inline __attribute__((always_inline)) __s64 rp_sign_extend(__u64 raw, __u32 size)
{
	__u32 unused = (64 - 8 * size) & 63;

	return (__s64)(raw << unused) >> unused;
}

static inline __attribute__((always_inline)) __u64 rp_zero_extend(__u64 raw, __u32 size)
{
	__u32 unused = (64 - 8 * size) & 63;

	return raw << unused >> unused;
}

static inline __attribute__((always_inline)) int rp_is_errno(__s64 v)
{
	return v < 0 && v >= -RP_MAX_ERRNO;
}

static inline __attribute__((always_inline)) struct rp_outcome rp_outcome(__u32 kind, __u32 size,
									  __u64 raw)
{
	struct rp_outcome o = { .cls = RP_CLASS_ZERO, .detail = 0 };
	__s64 v = rp_sign_extend(raw, size);

	/* The kinds in the order of how many functions have them. */
	if (kind == RP_KIND_ERRNO || kind == RP_KIND_RAW) {
		if (v > 0) {
			o.cls = RP_CLASS_POSITIVE;
		} else if (v < 0) {
			o.cls = RP_CLASS_NEGATIVE;
			if (kind == RP_KIND_ERRNO && rp_is_errno(v)) {
				o.cls = RP_CLASS_DETAIL;
				o.detail = -v;
			}
		}
		return o;
	}
	switch (kind) {
	case RP_KIND_VOID:
		return o;
	case RP_KIND_ENUM:
		o.cls = RP_CLASS_DETAIL;
		o.detail = v;
		return o;
	case RP_KIND_BOOL:
		o.cls = raw & 0xff ? RP_CLASS_POSITIVE : RP_CLASS_ZERO;
		return o;
	case RP_KIND_UNSIGNED:
		/* Only a full register can hold a negative errno that is not a plain number. */
		if (size < 8) {
			o.cls = rp_zero_extend(raw, size) ? RP_CLASS_POSITIVE : RP_CLASS_ZERO;
			return o;
		}
	}
	/* Pointers, and unsigned integers that are as wide. */
	if (rp_is_errno((__s64)raw)) {
		o.cls = RP_CLASS_DETAIL;
		o.detail = -(__s64)raw;
	} else if (raw) {
		o.cls = RP_CLASS_POSITIVE;
	}
	return o;
}

#endif /* RP_OUTCOME_H */
