/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples: what a call that has just been counted was like, for probes with `sample:`.
 *
 * They go through a ring buffer to the exporter, which looks for them several times a second.
 * Nothing is woken up: that would need locks and interrupts in the middle of any function.
 *
 * A call that passes `when` either has a sample or is counted as dropped.
 */
#pragma once

#include "endings.bpf.h"
#include "samples.h"
#include "shown.bpf.h"

/* exporter/object/maps.c sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} samples SEC(".maps");

/* By target. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_sampling);
} sampling SEC(".maps");

/* Whether a CPU is taking a sample. What that calls may be probed, too: functions that walk the
 * stack. A second sample on top of the first could use up the kernel's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sampler SEC(".maps");

static __always_inline void drop_sample(struct rp_sampling *s, enum rp_sample_drop why)
{
	__sync_fetch_and_add(&s->dropped[why], 1);
}

/* Whether this second has room for one more. When it turns, CPUs may race for its first samples;
 * then there are some more than per_second. */
static __always_inline bool is_within_rate(struct rp_sampling *s, __u64 now, __u32 per_second)
{
	__u64 second = now / 1000000000;

	if (*(volatile __u64 *)&s->second != second) {
		*(volatile __u64 *)&s->second = second;
		*(volatile __u64 *)&s->taken = 0;
	}
	if (*(volatile __u64 *)&s->taken >= per_second)
		return false;
	__sync_fetch_and_add(&s->taken, 1);
	return true;
}

/* What is known of a finished call besides its descriptor, result and duration. */
#define SAMPLED_CALL(cell, outcome) (1ULL << 63 | (__u64)(outcome) << 32 | (cell))

/* False: no room. */
static __always_inline bool write_sample(void *ctx, const struct capture *capture, __u64 desc,
					 __u64 ret, __u64 ns, __u64 now, __u32 stacks)
{
	__u64 size = RP_SAMPLE_SIZE(stacks), flags = BPF_F_USER_STACK;
	__u64 task = bpf_get_current_pid_tgid(), call = capture->label;
	struct rp_sample *s;

	s = bpf_ringbuf_reserve(&samples, size, 0);
	if (!s)
		return false;
	s->time = now;
	s->ns = ns;
	s->ret = ret;
	s->cgroup = bpf_get_current_cgroup_id();
	s->desc = desc;
	s->cell = call;
	s->pid = task >> 32;
	s->tid = task;
	s->outcome = call >> 32 & RP_OUTCOME_ALL;
	s->kernel_bytes = s->user_bytes = s->id_bytes = 0;
	bpf_get_current_comm(s->comm, sizeof(s->comm));
	s->shown.known = 0;
	if (capture_spec()->sampling.show.used)
		copy_shown(&s->shown, ticket_of((__u64 *)capture->observed));
	if (stacks & RP_STACK_KERNEL)
		s->kernel_bytes = bpf_get_stack(ctx, s->kernel, sizeof(s->kernel), 0);
	if (stacks & RP_STACK_USER) {
		s->user_bytes = bpf_get_stack(ctx, s->user, sizeof(s->user), flags);
		flags |= BPF_F_USER_BUILD_ID;
		s->id_bytes = bpf_get_stack(ctx, s->build_id, sizeof(s->build_id), flags);
	}
	bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);
	return true;
}

/* capture: with SAMPLED_CALL in the place of the label. */
static __noinline long take_sample(void *ctx, const struct capture *capture, __u64 desc, __u64 ret,
				   __u64 ns)
{
	const struct rp_capture_spec *x = capture_spec();
	__u32 id = RP_DESC_ID(desc), zero = 0;
	__u64 now = bpf_ktime_get_ns(), *busy;
	struct rp_sampling *s;

	s = bpf_map_lookup_elem(&sampling, &id);
	busy = bpf_map_lookup_elem(&sampler, &zero);
	if (!s || !busy)
		return 0;
	if (*(volatile __u64 *)busy) {
		drop_sample(s, RP_DROP_BUSY);
		return 0;
	}
	*(volatile __u64 *)busy = 1;
	if (!is_within_rate(s, now, x->sampling.per_second))
		drop_sample(s, RP_DROP_RATE);
	else if (write_sample(ctx, capture, desc, ret, ns, now, x->sampling.stacks))
		__sync_fetch_and_add(&s->samples, 1);
	else
		drop_sample(s, RP_DROP_FULL);
	*(volatile __u64 *)busy = 0;
	return 0;
}

/* Whether a call that has been counted passes `when`. */
static __always_inline bool is_sampled(const struct rp_capture_spec *x, __u64 desc, __u32 outcome,
				       __u32 knows, __u64 ret, __u64 ns)
{
	const struct rp_returned *when = &x->sampling.when;

	return passes_return(when, true, desc, outcome, knows, ret, ns);
}
