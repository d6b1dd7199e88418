/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Expressions, evaluated at the entry: runs the steps that exporter/expr/expr.c compiled (struct
 * rp_field). Knows neither label sets nor mechanisms.
 *
 * Programs with captures are loaded once for each capture spec (exporter/object/programs.c). The
 * spec is a constant of theirs, so the verifier removes what it does not use.
 */
#pragma once

#include "paths.bpf.h"

#define RP_ARGS	   6
#define FIRST_PAGE 4096 /* nothing is mapped below */

const volatile bool cgroup_ancestors; /* the kernel offers the helper to our program types */

/* Unknown to the verifier. A variable that starts with it and grows by addition is one state, not
 * two for each bit. */
volatile __u32 unknown_zero;

/* The argument registers. */
struct args {
	__u64 v[RP_ARGS];
};

/* How a program is entered; a compile-time constant of each. The second trampoline is one of a
 * program for all targets. */
enum rp_way { BY_KPROBE, BY_TRAMPOLINE, BY_SHARED_TRAMPOLINE, BY_UPROBE, AT_RETURN };

/* What is known at the entry of a function. Never passed to a function that is not inlined, so that
 * it takes no stack. */
struct entry {
	const struct args *args;
	const __u64 *typed; /* the context, if it has the arguments' types (typed.bpf.h); or NULL */
	enum rp_way way;
	void *ctx; /* the callers are found by it (callers.bpf.h) */
};

static __always_inline struct args args_of_regs(struct pt_regs *ctx)
{
	return (struct args){ { PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx),
				PT_REGS_PARM4(ctx), PT_REGS_PARM5(ctx), PT_REGS_PARM6(ctx) } };
}

/* The same at the entry of a user function. arm64's Go has the registers of C. */
static __always_inline struct args args_of_user(struct pt_regs *ctx)
{
#ifdef GO_ARGS
	if (capture_spec()->go)
		return (struct args){ GO_ARGS(ctx) };
#endif
	return args_of_regs(ctx);
}

/* args: where to put them. */
static __always_inline struct entry entry_of_user(struct pt_regs *ctx, struct args *args)
{
	*args = args_of_user(ctx);
	return (struct entry){ .args = args, .way = BY_UPROBE, .ctx = ctx };
}

/* In assembly, or clang keeps the address of each argument on the stack. */
#define ARG(i)                                                     \
	({                                                         \
		__u64 __v;                                         \
                                                                   \
		asm volatile("%0 = *(u64 *)(%1 + %2)"              \
			     : "=r"(__v)                           \
			     : "r"(args), "i"((i)*8), "m"(*args)); \
		__v;                                               \
	})

/* As the helper, in fewer instructions. */
static __always_inline __u64 current_cgroup_id(void)
{
	struct task_struct___rp *task = NULL;

	if (!use_task_storage || !bpf_core_field_exists(task->cgroups))
		return bpf_get_current_cgroup_id();
	task = (void *)bpf_get_current_task_btf();
	return task->cgroups->dfl_cgrp->kn->id;
}

/* No array index: kernels before 5.12 refuse reads at a variable stack offset. */
static __always_inline __u64 source_value(const struct args *args, const struct rp_field *f)
{
	switch (f->source) {
	case 0:
		return ARG(0);
	case 1:
		return ARG(1);
	case 2:
		return ARG(2);
	case 3:
		return ARG(3);
	case 4:
		return ARG(4);
	case 5:
		return ARG(5);
	case RP_SOURCE_PID:
	case RP_SOURCE_PID + RP_SOURCE_CHANGED:
		return bpf_get_current_pid_tgid() >> 32;
	case RP_SOURCE_TID:
	case RP_SOURCE_TID + RP_SOURCE_CHANGED:
		return (__u32)bpf_get_current_pid_tgid();
	case RP_SOURCE_UID:
	case RP_SOURCE_UID + RP_SOURCE_CHANGED:
		return (__u32)bpf_get_current_uid_gid();
	case RP_SOURCE_CPU:
	case RP_SOURCE_CPU + RP_SOURCE_CHANGED:
		return bpf_get_smp_processor_id();
	case RP_SOURCE_CGROUP:
	case RP_SOURCE_CGROUP + RP_SOURCE_CHANGED:
		return current_cgroup_id();
	case RP_SOURCE_CGROUP_ANCESTOR:
		return cgroup_ancestors ? bpf_get_current_ancestor_cgroup_id(f->offset[0]) : 0;
	}
	return 0;
}

/* The register after the source of text in registers. */
static __always_inline __u64 second_value(const struct args *args, const struct rp_field *f)
{
	switch (f->text & RP_TEXT_IN_ARGS ? f->source : RP_ARGS) {
	case 0:
		return ARG(1);
	case 1:
		return ARG(2);
	case 2:
		return ARG(3);
	case 3:
		return ARG(4);
	case 4:
		return ARG(5);
	}
	return 0;
}

static __always_inline long read_memory(const struct rp_field *f, void *to, __u32 size, __u64 from)
{
	if (f->user)
		return bpf_probe_read_user(to, size, (void *)from);
	return bpf_probe_read_kernel(to, size, (void *)from);
}

/* Follows the pointers. *v becomes the address of the value, or the value. Non-zero: unreadable. */
static __always_inline long follow(const struct rp_field *f, __u64 *v)
{
	if (f->source >= RP_ARGS)
		return 0;
	for (int i = 0; i <= RP_STEPS; i++) {
		__u64 slot = *v + f->offset[i];

		if (i >= f->nsteps) {
			*v = slot;
			return 0;
		}
		if (read_memory(f, v, sizeof(*v), slot))
			return -1;
	}
	return -1;
}

static __always_inline __u64 changed(const struct rp_field *f, __u64 value)
{
	if (f->number == RP_CHANGED_SIGNED)
		value = (__s64)value >> (f->right & 63);
	else
		value >>= f->right & 63;
	if (f->swapped == sizeof(__u16))
		value = bpf_ntohs(value);
	else if (f->swapped == sizeof(__u32))
		value = bpf_ntohl(value);
	return value >> (f->down & 63) << (f->up & 63) & f->mask;
}

/* ---- the task's name ---------------------------------------------------------------------------
 */

/* Volatile, or clang makes it a call of memset(). */
static __always_inline void clear_words(__u64 *word, __u32 n)
{
#pragma unroll
	for (__u32 i = 0; i < n; i++)
		((volatile __u64 *)word)[i] = 0;
}

/*
 * Whether a task's comm is padded with zeros: since Linux 5.17 (kernel commit 06c5088aeee8), like
 * this helper. On a kernel that has only the helper, old bytes behind a name give it more label
 * sets; they are shown as one series (exporter/labels/groups.c).
 */
static __always_inline bool comm_is_padded(void)
{
	return use_task_storage &&
	       bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_arg);
}

static __always_inline void read_comm(__u64 *to)
{
	struct task_struct___rp *task;

	if (comm_is_padded()) {
		task = (void *)bpf_get_current_task_btf();
		to[0] = *(__u64 *)&task->comm[0];
		to[1] = *(__u64 *)&task->comm[8];
	} else {
		/* Kernels such as 5.10 write no further than the end of the name (strscpy()). */
		clear_words(to, RP_COMM_SIZE / sizeof(__u64));
		bpf_get_current_comm(to, RP_COMM_SIZE);
	}
}

/* ---- numbers and text --------------------------------------------------------------------------
 */

/* What a field makes of the number in memory. */
static __always_inline __u64 shifted(const struct rp_field *f, __u64 value)
{
	value <<= f->left & 63;
	if (f->number == RP_UNSIGNED)
		return value >> (f->right & 63);
	if (f->number == RP_SIGNED)
		return (__s64)value >> (f->right & 63);
	return changed(f, value);
}

/* Not inlined: inlined and unrolled, it saves 20 instructions a call, and the object is three times
 * as large. Non-zero: unreadable. */
static __noinline long eval_number(const struct rp_field *f, __u64 v, __u64 *out)
{
	__u64 value = 0;
	__u32 size;

	if (follow(f, &v))
		return -1;
	size = f->size;
	if (!size) {
		value = v;
	} else {
		if (size > sizeof(value))
			return -1;
		if (read_memory(f, &value, size, v))
			return -1;
	}
	*out = shifted(f, value);
	return 0;
}

/* Text at first, or at the address in the pair at first. The rest of out must be 0. */
static __always_inline long read_counted(const struct rp_field *f, __u64 first, __u64 second,
					 char *out)
{
	__u64 pair[2] = { first, second }, from, n;

	if (f->text & RP_TEXT_IN_MEMORY && read_memory(f, pair, sizeof(pair), first))
		return -1;
	from = f->text & RP_TEXT_LENGTH_FIRST ? pair[1] : pair[0];
	n = f->text & RP_TEXT_LENGTH_FIRST ? pair[0] : pair[1];
	if (n > RP_TEXT_SIZE - 1)
		n = RP_TEXT_SIZE - 1;
	barrier_var(n);
	return n ? read_memory(f, out, n & (RP_TEXT_SIZE - 1), from) : 0;
}

/* Returns the number of bytes with the final 0, or a negative number. */
static __always_inline long read_text(const struct rp_field *f, char *out, __u64 from)
{
	return f->user ? bpf_probe_read_user_str(out, RP_TEXT_SIZE, (void *)from)
		       : bpf_probe_read_kernel_str(out, RP_TEXT_SIZE, (void *)from);
}

/* The part of a path after its last slash, unless nothing follows that. Without branches where the
 * verifier would follow both. */
static __noinline long read_basename(const struct rp_field *f, __u64 path, char *out)
{
	__u64 last = path, slash = unknown_zero;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RP_PATH_SIZE; i++) {
		__u32 at = i % (RP_TEXT_SIZE / 2); /* the verifier knows powers of 2 */
		__u64 c, begins;

		if (!at && read_text(f, out, path) < 0)
			return -1;
		c = (__u8)out[at];
		if (!c)
			goto found;
		begins = slash & (c != '/');
		last += begins * (path - last);
		slash = c == '/';
		path++;
	}
	return -1;
found:
	for (__u32 i = 0; i < RP_TEXT_SIZE / sizeof(__u64); i++)
		((__u64 *)out)[i] = 0;
	return read_text(f, out, last);
}

/* The address of text in the record of a tracepoint. The field has its offset in the record, and
 * its length in the upper half. */
static __always_inline long locate(const struct rp_field *f, __u64 *v)
{
	__u32 where = 0;

	if (bpf_probe_read_kernel(&where, sizeof(where), (void *)*v))
		return -1;
	*v += (__u16)where - f->offset[0];
	return 0;
}

static __noinline long eval_text(const struct rp_field *f, __u64 v, __u64 second, char *out)
{
	long n;

	if (f->source == RP_SOURCE_COMM)
		return bpf_get_current_comm(out, RP_COMM_SIZE);
	if (follow(f, &v))
		return -1;
	if (f->text & ~RP_TEXT) {
		if (f->text & RP_TEXT_LOCATED && locate(f, &v))
			return -1;
		if (f->text & (RP_TEXT_IN_ARGS | RP_TEXT_IN_MEMORY))
			return read_counted(f, v, second, out);
		if (f->text & (RP_TEXT_DENTRY | RP_TEXT_PATH))
			return read_path(v, f->text & RP_TEXT_PATH, out);
		n = f->text & RP_TEXT_BASENAME ? read_basename(f, v, out) : read_text(f, out, v);
	} else {
		n = read_text(f, out, v);
	}
	return n < 0 ? n : 0;
}
