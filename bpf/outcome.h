/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pure functions: (descriptor, raw register) -> outcome. Compiled for BPF and for host tests. */
#pragma once

#include "abi.h"

#define RP_MAX_ERRNO 4095 /* include/linux/err.h: MAX_ERRNO */

struct rp_outcome {
	enum rp_class cls;
	__s64 value; /* for RP_CLASS_BY_VALUE: errno as a positive number, or the number itself */
};

/*
 * Reduces the register to the C type that the function returns. The compiler leaves the bits above
 * it undefined (psABI of x86-64 and arm64).
 */
static inline __attribute__((always_inline)) __s64 rp_sign_extend(__u64 raw, __u32 unused)
{
	return (__s64)(raw << unused) >> unused;
}

static inline __attribute__((always_inline)) __u64 rp_zero_extend(__u64 raw, __u32 unused)
{
	return raw << unused >> unused;
}

static inline __attribute__((always_inline)) int rp_is_errno(__s64 v)
{
	return v < 0 && v >= -RP_MAX_ERRNO;
}

static inline __attribute__((always_inline)) struct rp_outcome rp_outcome(__u64 desc, __u64 raw)
{
	struct rp_outcome o = { .cls = RP_CLASS_ZERO, .value = 0 };
	__u32 unused = RP_DESC_UNUSED(desc);
	__s64 v = rp_sign_extend(raw, unused);

	/* Kinds in the order of how many functions have them. */
	if (RP_DESC_IS_SIGNED(desc)) {
		if (v > 0) {
			o.cls = RP_CLASS_POSITIVE;
		} else if (v < 0) {
			o.cls = RP_CLASS_NEGATIVE;
			if (rp_is_errno(v) && RP_DESC_KIND(desc) != RP_KIND_RAW) {
				o.cls = RP_CLASS_BY_VALUE;
				o.value = -v;
			}
		}
		return o;
	}
	switch (RP_DESC_KIND(desc)) {
	case RP_KIND_VOID:
		return o;
	case RP_KIND_ENUM:
	case RP_KIND_VALUE:
		o.cls = RP_CLASS_BY_VALUE;
		o.value = v;
		return o;
	case RP_KIND_UVALUE:
		o.cls = RP_CLASS_BY_VALUE;
		o.value = (__s64)rp_zero_extend(raw, unused);
		return o;
	case RP_KIND_BOOL:
		/* One byte for C's _Bool, more for an integer that is configured as bool. */
		o.cls = v ? RP_CLASS_POSITIVE : RP_CLASS_ZERO;
		return o;
	case RP_KIND_UNSIGNED:
		/* Only a full register can hold a negative errno besides plain numbers. */
		if (unused) {
			o.cls = rp_zero_extend(raw, unused) ? RP_CLASS_POSITIVE : RP_CLASS_ZERO;
			return o;
		}
	}
	/* Pointers, and unsigned integers of the same width. */
	if (rp_is_errno((__s64)raw)) {
		o.cls = RP_CLASS_BY_VALUE;
		o.value = -(__s64)raw;
	} else if (raw) {
		o.cls = RP_CLASS_POSITIVE;
	}
	return o;
}

/* The outcome of a function left by a jump to another one: known only if it returns void. */
static inline __attribute__((always_inline)) struct rp_outcome rp_outcome_of_tail(__u64 desc)
{
	return (struct rp_outcome){ .cls = RP_DESC_KIND(desc) == RP_KIND_VOID ? RP_CLASS_ZERO
									      : RP_CLASS_TAIL };
}

/*
 * ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (include/linux/errno.h).
 * Before it returns to the program, the kernel restarts the call or turns them into EINTR.
 */
static inline __attribute__((always_inline)) int rp_is_restart(__s64 err)
{
	return err == 512 || err == 513 || err == 514 || err == 516;
}

/* Whether values of this kind are plain numbers, not errnos. */
static inline __attribute__((always_inline)) int rp_kind_is_numbered(__u32 kind)
{
	return kind == RP_KIND_ENUM || kind == RP_KIND_VALUE || kind == RP_KIND_UVALUE;
}

static inline __attribute__((always_inline)) int rp_compare_numbers(__u32 compare, int is_signed,
								    __u64 v, __u64 literal)
{
	__u64 bias = is_signed ? 1ULL << 63 : 0; /* makes signed order unsigned */
	__u64 a = v ^ bias, b = literal ^ bias;

	switch (compare) {
	case RP_EQ:
		return a == b;
	case RP_NE:
		return a != b;
	case RP_LT:
		return a < b;
	case RP_LE:
		return a <= b;
	case RP_GT:
		return a > b;
	case RP_GE:
		return a >= b;
	default:
		return (v & literal) != 0;
	}
}

/* Whether a result passes the test. raw: the register. */
static inline __attribute__((always_inline)) int rp_test(const struct rp_test *t, __u64 desc,
							 __u64 raw)
{
	__u32 unused = RP_DESC_UNUSED(desc);
	__u64 v = t->is_signed ? (__u64)rp_sign_extend(raw, unused) : rp_zero_extend(raw, unused);

	return rp_compare_numbers(t->compare, t->is_signed, v, t->literal);
}

/* The `outcome` label of the call, as a bit; 0: "unknown". */
static inline __attribute__((always_inline)) __u32 rp_outcome_bit(const struct rp_capture_spec *x,
								  __u64 desc, struct rp_outcome o,
								  __u64 raw)
{
	if (o.cls == RP_CLASS_BY_VALUE && !rp_kind_is_numbered(RP_DESC_KIND(desc)))
		return rp_is_restart(o.value) ? RP_OUTCOME_RESTARTED : RP_OUTCOME_ERROR;
	if (x->error.set && rp_test(&x->error, desc, raw))
		return RP_OUTCOME_ERROR;
	return x->outcome[o.cls & 7];
}
