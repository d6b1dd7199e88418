/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Template programs: the exporter loads a clone per target, with the markers replaced by what it
 * knows of the target (exporter/object/programs.c). Clones look nothing up when they run.
 */
#pragma once

#include "abi.h"
#include "kernel.h"

static __always_inline __u64 desc_of_clone(void)
{
	__u64 desc;

	asm volatile("%0 = %1 ll" : "=r"(desc) : "i"(RP_DESC_MARKER));
	return desc;
}

/* How many bytes the function's arguments take in ctx. */
static __always_inline __u64 args_size_of_clone(void)
{
	__u64 size;

	asm volatile("%0 = %1" : "=r"(size) : "i"(RP_SLOTS_MARKER));
	return size;
}

/* The function's result in an fexit program; ctx has it after the arguments. */
static __always_inline __u64 result_of_clone(const __u64 *ctx)
{
	__u64 ret;

	asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(ret) : "r"(ctx), "i"(RP_RESULT_MARKER));
	return ret;
}
