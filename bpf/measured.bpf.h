/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a call took of its task, from numbers that the kernel keeps for each task. They are read at
 * the entry and at the return.
 *
 * The time off the CPU needs no program at task switches. The kernel adds to a task's runtime, and
 * moves the time up to which it has done so: at each tick, and when the task leaves a CPU. When the
 * task gets a CPU again, the kernel moves that time only. So the difference of both grows by the
 * time that the task was not running, whenever it is read.
 *
 * That time is of the CPU's own clock, which stands still in interrupts and while a hypervisor runs
 * others, if the kernel is built to account for these. What it lacks then is different on each CPU,
 * and is added. So such time counts as off the CPU, as it does for the kernel.
 */
#pragma once

#include "pairing.bpf.h"

struct rq___rp {
	__u64 clock, clock_task;
	__u64 prev_irq_time, prev_steal_time_rq; /* if the clocks may differ */
} __attribute__((preserve_access_index));

struct cfs_rq___rp {
	struct rq___rp *rq;
} __attribute__((preserve_access_index));

struct sched_entity___rp {
	__u64 exec_start, sum_exec_runtime;
	struct cfs_rq___rp *cfs_rq;
} __attribute__((preserve_access_index));

struct task_struct___usage {
	struct sched_entity___rp se;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
} __attribute__((preserve_access_index));

#define READS 3 /* an interrupt may come between two loads */

/* The task's own loads cannot be reordered or merged. */
#define LOAD_OF_TASK(task, field) (*(const volatile __typeof__((task)->field) *)&(task)->field)

static __always_inline bool clocks_differ(void)
{
	struct rq___rp *rq = NULL;

	return bpf_core_field_exists(rq->prev_irq_time) ||
	       bpf_core_field_exists(rq->prev_steal_time_rq);
}

static __always_inline bool tells_rq(void)
{
	struct sched_entity___rp *se = NULL;
	struct cfs_rq___rp *cfs_rq = NULL;

	return bpf_core_field_exists(se->cfs_rq) && bpf_core_field_exists(cfs_rq->rq);
}

static __always_inline __u64 time_off_cpu(void)
{
	struct task_struct___usage *task = (void *)bpf_get_current_task_btf();
	__u64 time = 0, start;

	for (int i = 0; i < READS; i++) {
		start = LOAD_OF_TASK(task, se.exec_start);
		time = start - LOAD_OF_TASK(task, se.sum_exec_runtime);
		if (clocks_differ() && tells_rq()) {
			struct rq___rp *rq = task->se.cfs_rq->rq;

			time += LOAD_OF_TASK(rq, clock) - LOAD_OF_TASK(rq, clock_task);
		}
		if (LOAD_OF_TASK(task, se.exec_start) == start)
			break;
	}
	return time;
}

/* Reads a word into *v, for which there is one place on the stack. */
#define READ_WORD(v, address)                                                                     \
	({                                                                                        \
		bpf_probe_read_kernel(v, sizeof(*(v)), __builtin_preserve_access_index(address)); \
		*(v);                                                                             \
	})

static __always_inline __u64 time_off_cpu_by_reads(void)
{
	struct task_struct___usage *task = (void *)bpf_get_current_task();
	__u64 v = 0, time = 0, start;

#pragma clang loop unroll(disable)
	for (int i = 0; i < READS; i++) {
		start = READ_WORD(&v, &task->se.exec_start);
		time = start - READ_WORD(&v, &task->se.sum_exec_runtime);
		if (clocks_differ() && tells_rq()) {
			struct cfs_rq___rp *cfs_rq = (void *)READ_WORD(&v, &task->se.cfs_rq);
			struct rq___rp *rq = (void *)READ_WORD(&v, &cfs_rq->rq);

			time += READ_WORD(&v, &rq->clock);
			time -= READ_WORD(&v, &rq->clock_task);
		}
		if (READ_WORD(&v, &task->se.exec_start) == start)
			break;
	}
	return time;
}

/* Page faults in the upper half, context switches in the lower. */
static __always_inline __u64 usage(void)
{
	struct task_struct___usage *task;
	__u32 faults, switches;
	__u64 v = 0;

	if (use_task_storage) {
		task = (void *)bpf_get_current_task_btf();
		faults = task->min_flt + task->maj_flt;
		switches = task->nvcsw + task->nivcsw;
	} else {
		task = (void *)bpf_get_current_task();
		faults = READ_WORD(&v, &task->min_flt);
		faults += READ_WORD(&v, &task->maj_flt);
		switches = READ_WORD(&v, &task->nvcsw);
		switches += READ_WORD(&v, &task->nivcsw);
	}
	return (__u64)faults << 32 | switches;
}

/* Not inlined: the callers' stacks have no room. */
static __noinline __u64 measure(__u32 what)
{
	struct task_struct___usage *task = NULL;

	if (!bpf_core_field_exists(task->se.exec_start))
		return 0; /* without BTF no probe measures */
	if (what == RP_USAGE)
		return usage();
	return use_task_storage ? time_off_cpu() : time_off_cpu_by_reads();
}

/* What has been taken since `before`. */
static __always_inline __u64 measured_since(__u32 what, __u64 before)
{
	__u64 now = measure(what);

	if (what == RP_OFF_CPU)
		return now - before;
	return ((now >> 32) - (before >> 32)) << 32 | (__u32)(now - before);
}
