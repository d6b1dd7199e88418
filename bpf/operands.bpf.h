/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of points in programs. Those of USDT probes are constants, registers, and memory of the
 * process. */
#pragma once

#include "fields.bpf.h"

/* regs: the address of the registers. False: unreadable. */
static __always_inline bool read_operand(const struct rp_operand *o, __u64 regs, __u64 *out)
{
	__u64 v = o->value, reg = 0, index = 0;
	__u32 size = o->size;

	if (o->kind != RP_OPERAND_CONSTANT &&
	    bpf_probe_read_kernel(&reg, sizeof(reg), (void *)(regs + o->reg)))
		return false;
	if (o->kind == RP_OPERAND_INDEXED &&
	    bpf_probe_read_kernel(&index, sizeof(index), (void *)(regs + o->index)))
		return false;
	if (o->kind == RP_OPERAND_REGISTER) {
		v = reg;
	} else if (o->kind != RP_OPERAND_CONSTANT) {
		reg += v + (index << (o->shift & 63));
		v = 0;
		if (size > sizeof(v) || bpf_probe_read_user(&v, size, (void *)reg))
			return false;
	}
	size = (64 - 8 * size) & 63;
	v <<= size;
	*out = o->is_signed ? (__s64)v >> size : v >> size;
	return true;
}

/* Those that expressions read. */
static __always_inline bool read_operands(const struct rp_capture_spec *x, struct pt_regs *ctx,
					  struct args *args)
{
	__u64 regs = 0;

	/* As a number, because the verifier forbids arithmetic on ctx. */
	bpf_probe_read_kernel(&regs, sizeof(regs), &ctx);
#pragma unroll
	for (__u32 i = 0; i < RP_OPERANDS; i++) {
		args->v[i] = 0;
		if (x->reads_args & 1U << i && !read_operand(&x->operand[i], regs, &args->v[i]))
			return false;
	}
	return true;
}

/* In a program of a user: at the entry or the return of a function, or at a USDT probe. False: an
 * argument is unreadable. */
static __always_inline bool read_args_of_place(struct pt_regs *ctx, struct args *args)
{
	const struct rp_capture_spec *x = capture_spec();

	if (x->place == RP_PLACE_USDT)
		return read_operands(x, ctx, args);
	*args = x->place == RP_PLACE_RETURN ? (struct args){ { PT_REGS_RC(ctx) } }
					    : args_of_user(ctx);
	return true;
}
