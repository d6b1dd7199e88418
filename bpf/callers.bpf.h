/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who called: the return address of a call, read at the function's first instruction.
 *
 * It is where the call instruction put it: on the stack (x86-64), or in a register (arm64). Return
 * probes replace it by the address of a trampoline and keep it in a list of the task. Of our own,
 * those of kprobe.multi do so before the entry program runs, as ftrace calls the newest first; the
 * others do so after it (exporter/attach/kretprobe.c). Other tools and the functions that jump to
 * this one may have return probes, too.
 *
 * The caller's own caller is deeper in the stack. Only the kernel's unwinder finds it.
 */
#pragma once

#include "clone.bpf.h"
#include "fields.bpf.h"

#define FTRACE_CALL_END 32 /* the call of a trampoline is in a function's first bytes */
#define WATCHERS	4  /* return probes on one call that are looked through */

/* Return probes are rethooks since 5.18 (kernel commit f3a112c0c40d). */
struct llist_node___rp {
	struct llist_node___rp *next;
} __attribute__((preserve_access_index));

struct llist_head___rp {
	struct llist_node___rp *first;
} __attribute__((preserve_access_index));

struct rethook_node___rp {
	struct llist_node___rp llist;
	unsigned long ret_addr;
} __attribute__((preserve_access_index));

struct task_struct___rethooks {
	struct llist_head___rp rethooks;
} __attribute__((preserve_access_index));

static __always_inline bool is_return_trampoline(__u64 addr)
{
	const struct rp_capture_spec *x = capture_spec();

	for (int i = 0; i < RP_RETURN_TRAMPOLINES; i++)
		if (addr == x->return_trampoline[i])
			return true;
	return false;
}

/* The return address that the newest return probes of this task have replaced; 0: unknown. */
static __noinline __u64 replaced_address(void)
{
	struct task_struct___rethooks *task = (void *)bpf_get_current_task();
	struct rethook_node___rp *none = NULL;
	struct llist_node___rp *node;
	__u64 addr = 0;

	if (!bpf_core_field_exists(task->rethooks.first) || !bpf_core_field_exists(none->ret_addr))
		return 0;
	node = BPF_CORE_READ(task, rethooks.first);
	for (int i = 0; i < WATCHERS && node; i++) {
		struct rethook_node___rp *hook = (void *)node - bpf_core_field_offset(none->llist);

		addr = BPF_CORE_READ(hook, ret_addr);
		if (!is_return_trampoline(addr))
			return addr;
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}

/* Entries of a stack trace up to the caller's caller. Of a trampoline's program, its own and the
 * kernel's frames come first. */
#define TRACE_OF_KPROBE	    3
#define TRACE_OF_TRAMPOLINE 8

/* The entry of the stack trace after `addr`; 0: unknown. frames: how many entries are looked at; a
 * compile-time constant. No array index: kernels before 5.12 refuse reads at a variable stack
 * offset. */
static __always_inline __u64 address_after(void *ctx, __u64 addr, int frames)
{
	__u64 v[TRACE_OF_TRAMPOLINE] = {};

	if (!addr || bpf_get_stack(ctx, v, frames * sizeof(*v), 0) < 0)
		return 0;
#pragma unroll
	for (int i = 0; i + 1 < TRACE_OF_TRAMPOLINE; i++)
		if (i + 1 < frames && v[i] == addr)
			return is_return_trampoline(v[i + 1]) ? 0 : v[i + 1];
	return 0;
}

/* ---- by mechanism ------------------------------------------------------------------------------
 */

/* The unwinder of arm64 begins with the function and goes on with the stack, where its caller's
 * caller is. Since Linux 6.13, it has the register with the caller's address in between. */
static __always_inline __u64 caller_of_caller(struct pt_regs *ctx, __u64 caller)
{
	__u64 addr = address_after(ctx, caller, TRACE_OF_KPROBE);

#if defined(__TARGET_ARCH_arm64)
	if (!addr && caller)
		addr = address_after(ctx, PT_REGS_IP(ctx), TRACE_OF_KPROBE);
#endif
	return addr;
}

/* source: RP_SOURCE_CALLER, or RP_SOURCE_CALLER_2. */
static __noinline __u64 caller_by_kprobe(struct pt_regs *ctx, __u32 source)
{
	__u64 addr = 0;

#if defined(__TARGET_ARCH_x86)
	bpf_probe_read_kernel(&addr, sizeof(addr), (void *)PT_REGS_SP(ctx));
#else
	addr = PT_REGS_RET(ctx);
#endif
	if (is_return_trampoline(addr))
		addr = replaced_address();
	if (!addr)
		addr = address_after(ctx, PT_REGS_IP(ctx), TRACE_OF_KPROBE);
	return source == RP_SOURCE_CALLER ? addr : caller_of_caller(ctx, addr);
}

static __noinline __u64 caller_by_uprobe(struct pt_regs *ctx)
{
#if defined(__TARGET_ARCH_x86)
	__u64 addr = 0;

	bpf_probe_read_user(&addr, sizeof(addr), (void *)PT_REGS_SP(ctx));
	return addr;
#else
	return PT_REGS_RET(ctx);
#endif
}

static __always_inline __u64 function_of_trampoline(void *ctx)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ip)
		       ? bpf_get_func_ip(ctx)
		       : 0;
}

/*
 * Behind the arguments, a trampoline of x86-64 has the function's result, the frame pointer, the
 * return address into the function, and the function's own return address
 * (arch_prepare_bpf_trampoline() in arch/x86/net/bpf_jit_comp.c). Two things may be missing: the
 * result, while the program at the return is not attached yet, and the address in the function, if
 * that jumps to the trampoline (since 6.19). Then everything else is one word nearer. Kernels
 * before 5.15 do not tell what the function is.
 *
 * size: of the arguments.
 */
static __noinline __u64 caller_by_trampoline(void *ctx, __u64 size, __u32 source)
{
	__u64 function = function_of_trampoline(ctx), v[3] = {}, addr;

	/* Bounded, as the verifier wants offsets in ctx to be. */
	bpf_probe_read_kernel(v, sizeof(v), ctx + (size & 255) + sizeof(__u64));
	addr = function && v[1] - function >= FTRACE_CALL_END ? v[1] : v[2];
	if (is_return_trampoline(addr))
		addr = replaced_address();
	return source == RP_SOURCE_CALLER ? addr : address_after(ctx, addr, TRACE_OF_TRAMPOLINE);
}

static __always_inline bool is_caller(const struct rp_field *f)
{
	return f->source == RP_SOURCE_CALLER || f->source == RP_SOURCE_CALLER_2;
}

static __always_inline __u64 caller_of(const struct entry *e, __u32 source)
{
	switch (e->way) {
	case BY_KPROBE:
		return caller_by_kprobe(e->ctx, source);
	case BY_UPROBE:
		return caller_by_uprobe(e->ctx);
	case BY_TRAMPOLINE:
		return caller_by_trampoline(e->ctx, args_size_of_clone(), source);
	case BY_SHARED_TRAMPOLINE:
		return caller_by_trampoline(e->ctx, bpf_get_func_arg_cnt(e->ctx) * sizeof(__u64),
					    source);
	case AT_RETURN:
		break;
	}
	return 0;
}
