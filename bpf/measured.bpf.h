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
 *
 * Counters of the CPU count for whichever task it runs. So calls whose task left its CPU are not
 * counted, but their number is.
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

static __always_inline __u32 switches(void)
{
	struct task_struct___usage *task;
	__u64 v = 0;

	if (use_task_storage) {
		task = (void *)bpf_get_current_task_btf();
		return LOAD_OF_TASK(task, nvcsw) + LOAD_OF_TASK(task, nivcsw);
	}
	task = (void *)bpf_get_current_task();
	return READ_WORD(&v, &task->nvcsw) + READ_WORD(&v, &task->nivcsw);
}

/* Page faults in the upper half, context switches in the lower. */
static __always_inline __u64 usage(void)
{
	struct task_struct___usage *task;
	__u32 faults;
	__u64 v = 0;

	if (use_task_storage) {
		task = (void *)bpf_get_current_task_btf();
		faults = task->min_flt + task->maj_flt;
	} else {
		task = (void *)bpf_get_current_task();
		faults = READ_WORD(&v, &task->min_flt);
		faults += READ_WORD(&v, &task->maj_flt);
	}
	return (__u64)faults << 32 | switches();
}

/* Counters of each CPU. Set by the exporter (object/counters.c). */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} perf_counters SEC(".maps");

/* A count in the lower bits, the task's switches in the upper ones. */
#define COUNT_BITS 44
#define COUNT_MASK ((1ULL << COUNT_BITS) - 1)
#define NO_COUNT   COUNT_MASK /* it could not be read */

/* The task may be switched out in between. */
static __always_inline __u64 count_of_cpu(__u32 counter)
{
	__u64 before = switches(), index = bpf_get_smp_processor_id() * RP_PERF_COUNTERS + counter;
	__s64 n = bpf_perf_event_read(&perf_counters, index);

	if ((n < 0 && n >= -4095) || switches() != (__u32)before)
		n = NO_COUNT;
	return before << COUNT_BITS | (n & COUNT_MASK);
}

/* Instead of a count. */
#define COUNT_SWITCHED (1ULL << 63)
#define COUNT_UNREAD   (1ULL << 63 | 1)

static __always_inline __u64 counted_since(__u64 now, __u64 before)
{
	if ((now ^ before) >> COUNT_BITS)
		return COUNT_SWITCHED;
	if ((now & COUNT_MASK) == NO_COUNT || (before & COUNT_MASK) == NO_COUNT)
		return COUNT_UNREAD;
	return (now - before) & COUNT_MASK;
}

/* Not inlined: the callers' stacks have no room. */
static __noinline __u64 measure(__u32 what)
{
	struct task_struct___usage *task = NULL;

	if (!bpf_core_field_exists(task->se.exec_start))
		return 0; /* without BTF no probe measures */
	if (what == RP_USAGE)
		return usage();
	if (what >= RP_PERF_COUNTER)
		return count_of_cpu(what - RP_PERF_COUNTER);
	return use_task_storage ? time_off_cpu() : time_off_cpu_by_reads();
}

/* What has been taken since `before`. */
static __always_inline __u64 measured_since(__u32 what, __u64 before)
{
	__u64 now = measure(what);

	if (what == RP_OFF_CPU)
		return now - before;
	if (what >= RP_PERF_COUNTER)
		return counted_since(now, before);
	return ((now >> 32) - (before >> 32)) << 32 | (__u32)(now - before);
}
