/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/site.h"

#include "bpf/abi.h"
#include "elf/hazards.h"
#include "expr/capture.h"

static uint64_t spec_of(const struct target *t, uint8_t size)
{
	struct result result = target__result(t);
	uint64_t spec =
		RP_DESC(t->id, result__kernel_kind(&result), size) | RP_DESC_ADD_PART(t->part);

	return t->capture ? spec | RP_DESC_ADD_CAPTURE(t->capture->index) : spec;
}

#define COMPAT_SIZE 4 /* the result of a 32-bit program's call is an int */

/* The functions of 32-bit programs have no native number. */
static bool is_compat(const struct target *t)
{
	return t->type == TARGET_SYSCALL && t->nr < 0;
}

struct program_site site__of(const struct target *t)
{
	return (struct program_site){
		.spec = spec_of(t, is_compat(t) ? COMPAT_SIZE : t->ret_size),
		.capture = t->capture,
		.module = t->type == TARGET_SYSCALL ? "vmlinux" : t->object,
		.symbol = t->symbol,
		.btf_id = t->btf_id,
		.slots = t->slots,
		.has_result = t->kind != RP_KIND_VOID,
	};
}

uint64_t site__compat_spec(const struct target *t)
{
	return spec_of(t, COMPAT_SIZE);
}

/* Go moves goroutines between threads. The C library can switch stacks too, but none of its probed
 * functions does. */
bool site__is_by_process(const struct target *t)
{
	return t->hazards & HAZARD_GO ||
	       (t->hazards & HAZARD_STACKS && !(t->hazards & HAZARD_LIBC));
}

struct program_site site__of_exits(const struct target *t)
{
	struct program_site site = site__of(t);

	if (site__is_by_process(t))
		site.spec |= RP_DESC_BY_PROCESS;
	if (t->hazards & HAZARD_GO)
		site.spec |= RP_DESC_GO;
	return site;
}

size_t site__jumps(const struct target *t, struct rp_exit *out)
{
	uint64_t spec = site__of_exits(t).spec;
	size_t n = 0;

	for (size_t i = 0; i < t->exits.n; i++) {
		if (!t->exits.v[i].is_jump)
			continue;
		if (out) {
			out[n] = t->exits.v[i].how;
			out[n].desc = spec;
		}
		n++;
	}
	return n;
}
