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
	switch (size) {
	case 1:
		return (__s64)(raw << 56) >> 56;
	case 2:
		return (__s64)(raw << 48) >> 48;
	case 4:
		return (__s64)(raw << 32) >> 32;
	default:
		return (__s64)raw;
	}
}

static inline __attribute__((always_inline)) __u64 rp_zero_extend(__u64 raw, __u32 size)
{
	switch (size) {
	case 1:
		return raw & 0xff;
	case 2:
		return raw & 0xffff;
	case 4:
		return raw & 0xffffffff;
	default:
		return raw;
	}
}

static inline __attribute__((always_inline)) int rp_is_errno(__s64 v)
{
	return v < 0 && v >= -RP_MAX_ERRNO;
}

static inline __attribute__((always_inline)) struct rp_outcome rp_outcome(__u32 kind, __u32 size,
									  __u64 raw)
{
	struct rp_outcome o = { .cls = RP_CLASS_ZERO, .detail = 0 };
	__s64 v;

	switch (kind) {
	case RP_KIND_VOID:
		return o;
	case RP_KIND_BOOL:
		v = raw & 0xff;
		break;
	case RP_KIND_ENUM:
		o.cls = RP_CLASS_DETAIL;
		o.detail = rp_sign_extend(raw, size);
		return o;
	case RP_KIND_UNSIGNED:
		/* Only a full register can hold a negative errno that is not a plain number. */
		if (size < 8) {
			o.cls = rp_zero_extend(raw, size) ? RP_CLASS_POSITIVE : RP_CLASS_ZERO;
			return o;
		}
		/* fallthrough */
	case RP_KIND_POINTER:
		v = (__s64)raw;
		if (rp_is_errno(v)) {
			o.cls = RP_CLASS_DETAIL;
			o.detail = -v;
		} else if (v) {
			o.cls = RP_CLASS_POSITIVE;
		}
		return o;
	default: /* RP_KIND_ERRNO, RP_KIND_RAW */
		v = rp_sign_extend(raw, size);
		if (kind == RP_KIND_ERRNO && rp_is_errno(v)) {
			o.cls = RP_CLASS_DETAIL;
			o.detail = -v;
			return o;
		}
	}

	if (v > 0)
		o.cls = RP_CLASS_POSITIVE;
	else if (v < 0)
		o.cls = RP_CLASS_NEGATIVE;
	return o;
}

#endif /* RP_OUTCOME_H */
