/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers read by the types of a function's arguments.
 *
 * In a program on a trampoline, the verifier knows these types from the kernel's BTF. It lets the
 * program follow members that are pointers to structs, and read members that are numbers, with one
 * instruction each instead of a helper. If a read faults, the result is 0. So a 0 is read again by
 * the helper, which knows the difference.
 *
 * Elsewhere, arguments are numbers. Since Linux 6.17, a cast to an address of any type allows the
 * same loads.
 *
 * The verifier may refuse an expression, for instance because of a cast in it. The exporter then
 * loads the program with a spec that does without.
 */
#pragma once

#include "fields.bpf.h"

/* A kernel function that makes a number an address, where nothing is known of the type. */
static __u64 (*const rdonly_cast)(__u64 v, __u32 type) = (void *)RP_KFUNC_RDONLY_CAST;

/* With a constant offset: the verifier allows no other in a context. */
#define TYPED_ARG(i)                                                                     \
	case i:                                                                          \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(p) : "r"(ctx), "i"((i)*8)); \
		break

static __always_inline __u64 argument_of_trampoline(const __u64 *ctx, __u32 i)
{
	__u64 p = 0;

	switch (i) {
		TYPED_ARG(0);
		TYPED_ARG(1);
		TYPED_ARG(2);
		TYPED_ARG(3);
		TYPED_ARG(4);
		TYPED_ARG(5);
	}
	return p;
}

static __always_inline __u64 load_number(const struct rp_field *f, __u64 p)
{
	switch (f->size) {
	case 1:
		return *(volatile __u8 *)p;
	case 2:
		return *(volatile __u16 *)p;
	case 4:
		return *(volatile __u32 *)p;
	default:
		return *(volatile __u64 *)p;
	}
}

/* The number as it is in memory, or 0. */
static __always_inline __u64 load_typed(const __u64 *ctx, const struct rp_field *f)
{
	__u64 p = argument_of_trampoline(ctx, f->source);

#pragma unroll
	for (int i = 0; i <= RP_STEPS; i++) {
		p += (__u32)f->offset[i];
		if (i >= f->nsteps)
			break;
		p = *(volatile __u64 *)p;
	}
	return load_number(f, p);
}

/* The same for a number that is an address. */
static __always_inline __u64 load_cast(__u64 v, const struct rp_field *f)
{
	__u64 p = rdonly_cast(v, 0);

#pragma unroll
	for (int i = 0; i <= RP_STEPS; i++) {
		p += (__s64)f->offset[i];
		if (i >= f->nsteps)
			break;
		p = rdonly_cast(*(volatile __u64 *)p, 0);
	}
	return load_number(f, p);
}

static __always_inline long eval_cast(__u64 arg, const struct rp_field *f, __u64 *out)
{
	__u64 value = load_cast(arg, f);

	if (!value)
		return eval_number(f, arg, out);
	*out = f->left | f->right | f->number ? shifted(f, value) : value;
	return 0;
}

/* As eval_number(). */
static __always_inline long eval_typed(const __u64 *ctx, const struct rp_field *f, __u64 *out)
{
	__u64 value = load_typed(ctx, f), arg;

	if (value) {
		*out = f->left | f->right | f->number ? shifted(f, value) : value;
		return 0;
	}
	bpf_probe_read_kernel(&arg, sizeof(arg), ctx + f->source);
	return eval_number(f, arg, out);
}
