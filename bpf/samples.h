/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Samples of calls, as the BPF programs write them and the exporter reads them. Like abi.h. */
#pragma once

#include "abi.h"

#define RP_SAMPLE_USER_FRAMES 32
#define RP_SAMPLE_FRAMES      64 /* of a stack */
#define RP_SAMPLE_UNKNOWN     (~0ULL)

/* A user frame as bpf_get_stack() reports it: struct bpf_stack_build_id. */
struct rp_build_id {
	__s32 status;
	__u8 id[20];
	__u64 offset; /* in the file */
};
#define RP_BUILD_ID_VALID 1 /* a status */

struct rp_sample {
	__u64 desc;   /* of the target */
	__u64 time;   /* of the record, ns of the monotonic clock */
	__u64 ns;     /* duration; RP_SAMPLE_UNKNOWN: its entry was not seen */
	__u64 ret;    /* the result register */
	__u64 cgroup; /* id in the v2 hierarchy */
	__u32 cell;   /* the target's id, or that of the label set */
	__u32 pid, tid;
	__u32 outcome; /* rp_outcome_bit; 0: unknown, as is the result */
	/* Of the stacks below; negative: an errno; 0: not wanted. */
	__s32 kernel_bytes, user_bytes, id_bytes;
	char comm[RP_COMM_SIZE];
	__u32 pad;
	struct rp_shown shown;
	/* The last members: what is not wanted is left out. */
	__u64 kernel[RP_SAMPLE_FRAMES];
	__u64 user[RP_SAMPLE_USER_FRAMES];
	struct rp_build_id build_id[RP_SAMPLE_USER_FRAMES]; /* of the same frames */
};
/* Its size, up to the last stack that is wanted. */
#define RP_SAMPLE_SIZE(stacks)                                         \
	((stacks)&RP_STACK_USER	    ? sizeof(struct rp_sample)         \
	 : (stacks)&RP_STACK_KERNEL ? offsetof(struct rp_sample, user) \
				    : offsetof(struct rp_sample, kernel))

/* Why a call that passes `when` has no sample. */
enum rp_sample_drop {
	RP_DROP_RATE, /* there were per_second samples in this second */
	RP_DROP_FULL, /* the buffer had no room */
	RP_DROP_BUSY, /* this CPU was taking another sample */
	RP_DROP_MAX,
};

/* Of a target; written by all CPUs. */
struct rp_sampling {
	__u64 second; /* since the boot, in which `taken` samples were taken */
	__u64 taken;
	__u64 samples; /* in the buffer, ever */
	__u64 dropped[RP_DROP_MAX];
	__u64 pad[2]; /* to a cache line */
};
