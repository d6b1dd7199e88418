/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uprobe.ret: a uprobe at a user function's entry and one at each of its exits
 * (exporter/elf/exits.c). The return address on the stack stays unchanged, so programs that walk
 * the stack never meet a kernel address.
 *
 * The cookie of a return instruction is the descriptor. The cookie of a jump that may leave the
 * function is its index in `exits`, which tells how to find out.
 */
#pragma once

#include "calls.bpf.h"
#include "clone.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_exit);
} exits SEC(".maps");

/* ---- jumps ------------------------------------------------------------------------------------
 */

/* Written out, or clang merges the loads into one at an offset in ctx that the verifier does not
 * know. */
#define LOAD(type, field)                                                              \
	({                                                                             \
		__u64 v;                                                               \
		asm volatile("%0 = *(u64 *)(%1 + %2)"                                  \
			     : "=r"(v)                                                 \
			     : "r"(ctx), "i"(__builtin_offsetof(struct type, field))); \
		v;                                                                     \
	})
#define REG(n, type, field) \
	case n:             \
		return LOAD(type, field)

#if defined(__TARGET_ARCH_x86)
#define IP_OF(ctx) ((ctx)->rip)

static __always_inline __u64 register_of(struct pt_regs *ctx, __u8 number)
{
	switch (number) {
		REG(0, pt_regs, rax);
		REG(1, pt_regs, rcx);
		REG(2, pt_regs, rdx);
		REG(3, pt_regs, rbx);
		REG(4, pt_regs, rsp);
		REG(5, pt_regs, rbp);
		REG(6, pt_regs, rsi);
		REG(7, pt_regs, rdi);
		REG(8, pt_regs, r8);
		REG(9, pt_regs, r9);
		REG(10, pt_regs, r10);
		REG(11, pt_regs, r11);
		REG(12, pt_regs, r12);
		REG(13, pt_regs, r13);
		REG(14, pt_regs, r14);
		REG(15, pt_regs, r15);
		REG(RP_REG_IP, pt_regs, rip);
	}
	return 0;
}

#define CF (1 << 0)
#define PF (1 << 2)
#define ZF (1 << 6)
#define SF (1 << 7)
#define OF (1 << 11)

/* Conditions come in pairs; the odd number is the negation. */
static __always_inline bool is_true(struct pt_regs *ctx, __u8 condition)
{
	__u64 flags = ctx->eflags;
	bool less = !(flags & SF) != !(flags & OF), yes;

	switch (condition >> 1) {
	case 0:
		yes = flags & OF;
		break;
	case 1:
		yes = flags & CF;
		break;
	case 2:
		yes = flags & ZF;
		break;
	case 3:
		yes = flags & (CF | ZF);
		break;
	case 4:
		yes = flags & SF;
		break;
	case 5:
		yes = flags & PF;
		break;
	case 6:
		yes = less;
		break;
	default:
		yes = less || flags & ZF;
	}
	return yes != (condition & 1);
}
#else
#define IP_OF(ctx) (((const struct user_pt_regs *)(ctx))->pc)
static __always_inline __u64 register_of(struct pt_regs *ctx, __u8 number)
{
	switch (number) {
		REG(0, user_pt_regs, regs[0]);
		REG(1, user_pt_regs, regs[1]);
		REG(2, user_pt_regs, regs[2]);
		REG(3, user_pt_regs, regs[3]);
		REG(4, user_pt_regs, regs[4]);
		REG(5, user_pt_regs, regs[5]);
		REG(6, user_pt_regs, regs[6]);
		REG(7, user_pt_regs, regs[7]);
		REG(8, user_pt_regs, regs[8]);
		REG(9, user_pt_regs, regs[9]);
		REG(10, user_pt_regs, regs[10]);
		REG(11, user_pt_regs, regs[11]);
		REG(12, user_pt_regs, regs[12]);
		REG(13, user_pt_regs, regs[13]);
		REG(14, user_pt_regs, regs[14]);
		REG(15, user_pt_regs, regs[15]);
		REG(16, user_pt_regs, regs[16]);
		REG(17, user_pt_regs, regs[17]);
		REG(18, user_pt_regs, regs[18]);
		REG(19, user_pt_regs, regs[19]);
		REG(20, user_pt_regs, regs[20]);
		REG(21, user_pt_regs, regs[21]);
		REG(22, user_pt_regs, regs[22]);
		REG(23, user_pt_regs, regs[23]);
		REG(24, user_pt_regs, regs[24]);
		REG(25, user_pt_regs, regs[25]);
		REG(26, user_pt_regs, regs[26]);
		REG(27, user_pt_regs, regs[27]);
		REG(28, user_pt_regs, regs[28]);
		REG(29, user_pt_regs, regs[29]);
		REG(30, user_pt_regs, regs[30]);
	}
	return 0;
}

static __always_inline bool is_true(struct pt_regs *ctx, __u8 condition)
{
	return false; /* the exporter refuses functions with such jumps */
}
#endif

static __always_inline bool is_inside(struct pt_regs *ctx, const struct rp_exit *e, __u64 target)
{
	__s64 from_here = target - IP_OF(ctx);

	for (__u32 i = 0; i < RP_EXIT_RANGES && i < e->nranges; i++)
		if (from_here >= e->range[i].begin && from_here < e->range[i].end)
			return true;
	return false;
}

/* Whether the jump leaves the function. If its target is unreadable, it counts as staying; if it
 * does leave, the call will be found unwound. */
static __always_inline bool leaves(struct pt_regs *ctx, const struct rp_exit *e)
{
	__u64 target = register_of(ctx, e->base);

	switch (e->kind) {
	case RP_EXIT_CONDITION:
		return is_true(ctx, e->condition);
	case RP_EXIT_REGISTER:
		return !is_inside(ctx, e, target);
	case RP_EXIT_MEMORY:
		target += e->disp + (register_of(ctx, e->index) << (e->shift & 3));
		if (bpf_probe_read_user(&target, sizeof(target), (void *)target))
			return false;
		return !is_inside(ctx, e, target);
	}
	return e->kind == RP_EXIT_JUMP;
}

static __always_inline struct rp_exit *exit_at(__u64 number)
{
	__u32 key = number;

	return bpf_map_lookup_elem(&exits, &key);
}

static __always_inline void count_tail(__u64 desc, __u64 start)
{
	count_outcome(RP_PREEMPTIBLE, RP_DESC_ID(desc), rp_outcome_of_tail(desc),
		      bpf_ktime_get_ns() - start);
}

static __always_inline int jump(struct pt_regs *ctx, __u64 number)
{
	const struct rp_exit *e = exit_at(number);
	struct call call;
	__u64 no_time = 0;

	if (!e)
		return 0;
	barrier_var(no_time); /* or clang adds it with an instruction that 5.10 does not have */
	if (e->kind == RP_EXIT_RETURN_AT_ONCE)
		count_return(RP_PREEMPTIBLE, e->desc, PT_REGS_RC(ctx), no_time);
	else if (e->kind == RP_EXIT_AT_ONCE)
		count_outcome(RP_PREEMPTIBLE, RP_DESC_ID(e->desc), rp_outcome_of_tail(e->desc),
			      no_time);
	else if (e->kind == RP_EXIT_AGAIN || (e->again && leaves(ctx, e)))
		go_on(ctx, e->desc);
	else if (leaves(ctx, e) && take_call(ctx, e->desc, &call))
		count_tail(e->desc, call.start);
	return 0;
}

/* Functions of their own, so that their stack is free again when the call is counted. */
static __noinline long capture_at_once(struct pt_regs *ctx, __u64 desc, struct capture *capture)
{
	struct args args;
	struct entry entry = entry_of_user(ctx, &args);

	return make_capture(&entry, desc, capture, UNREADABLE);
}

static __noinline long take_left_call(struct pt_regs *ctx, __u64 desc, struct call *call)
{
	return take_call(ctx, desc, call);
}

static __noinline long go_on_after_jump(struct pt_regs *ctx, __u64 desc)
{
	go_on(ctx, desc);
	return 0;
}

static __always_inline int jump_capturing(struct pt_regs *ctx, __u64 number)
{
	const struct rp_exit *e = exit_at(number);
	struct call call = {};

	if (!e)
		return 0;
	if (e->kind == RP_EXIT_RETURN_AT_ONCE || e->kind == RP_EXIT_AT_ONCE) {
		if (!capture_at_once(ctx, e->desc, &call.capture))
			count_event(RP_PREEMPTIBLE, RP_DESC_ID(e->desc), RP_EVENT_REJECTED);
		else if (e->kind == RP_EXIT_AT_ONCE)
			count_captured_tail(ctx, &call.capture, e->desc, 0);
		else
			count_captured_call(RP_PREEMPTIBLE, ctx, &call.capture, e->desc,
					    PT_REGS_RC(ctx), 0);
	} else if (e->kind == RP_EXIT_AGAIN || (e->again && leaves(ctx, e))) {
		go_on_after_jump(ctx, e->desc);
	} else if (leaves(ctx, e) && take_left_call(ctx, e->desc, &call)) {
		count_captured_tail(ctx, &call.capture, e->desc, bpf_ktime_get_ns() - call.start);
	}
	return 0;
}

/* ---- entries and returns ----------------------------------------------------------------------
 */

static __always_inline int leave_call(struct pt_regs *ctx, __u64 desc)
{
	__u64 now = bpf_ktime_get_ns();
	struct call call;

	if (take_call(ctx, desc, &call))
		count_return(RP_PREEMPTIBLE, desc, PT_REGS_RC(ctx), now - call.start);
	return 0;
}

static __always_inline int leave_capturing_call(struct pt_regs *ctx, __u64 desc)
{
	__u64 now = bpf_ktime_get_ns();
	struct call call;

	if (take_call(ctx, desc, &call))
		count_captured_call(RP_PREEMPTIBLE, ctx, &call.capture, desc, PT_REGS_RC(ctx),
				    now - call.start);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_entry)
{
	enter_call(ctx, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_return)
{
	return leave_call(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_jump)
{
	return jump(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_entry_clone)
{
	enter_call(ctx, desc_of_clone());
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_return_clone)
{
	return leave_call(ctx, desc_of_clone());
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_jump_clone)
{
	return jump(ctx, desc_of_clone());
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_entry_capturing)
{
	enter_capturing_call(ctx, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_return_capturing)
{
	return leave_capturing_call(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_jump_capturing)
{
	return jump_capturing(ctx, bpf_get_attach_cookie(ctx));
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_entry_clone_capturing)
{
	enter_capturing_call(ctx, desc_of_clone());
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_return_clone_capturing)
{
	return leave_capturing_call(ctx, desc_of_clone());
}

SEC("kprobe")
int BPF_KPROBE(uprobe_ret_jump_clone_capturing)
{
	return jump_capturing(ctx, desc_of_clone());
}

SEC("tracepoint")
int uprobe_ret_exit(void *ctx)
{
	end_task();
	return 0;
}

/* Without perf events. Preemptible kernels may skip it, like all raw tracepoint programs; a task's
 * remaining calls are then found when its id is reused. */
SEC("raw_tp")
int uprobe_ret_raw_exit(void *ctx)
{
	end_task();
	return 0;
}
