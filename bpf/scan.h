/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls in progress, as a scan reports them to the exporter (scan.bpf.h). Like abi.h. */
#pragma once

#include "abi.h"

/* The code of a kernel function. A scan finds it by binary search. */
struct rp_range {
	__u64 start, end; /* end: the first byte after it */
	__u32 id;
	__u32 pad;
};

#define RP_SCAN_CALLS	 32  /* calls of a task that a scan reports */
#define RP_SCAN_DEPTH	 127 /* frames of its stack: PERF_MAX_STACK_DEPTH in the kernel */
#define RP_SCAN_NO_FRAME (~0U)

struct rp_scan_call {
	__u64 start; /* ns; 0: unknown */
	__u32 id;
	__u32 frame; /* index of the stack; RP_SCAN_NO_FRAME: of a system call or user function */
};

/* A task with calls in progress. Its calls follow, then its return addresses, innermost first. */
struct rp_scan_task {
	__u64 start_time;
	__u64 switches; /* how often it has left a CPU. While it stays the same, so do the calls */
	__u64 cgroup;	/* id in the v2 hierarchy; 0: unknown */
	__u64 stack;	/* lowest address of its kernel stack */
	__u32 pid, tid; /* in the initial pid namespace */
	char comm[RP_COMM_SIZE];
	__u32 ncalls, naddrs;
};

/* Shared by the scan and the exporter. */
struct rp_scan_state {
	__u64 budget;	/* tasks until the scan pauses; written by the exporter */
	__u64 tasks;	/* looked at */
	__u64 unlisted; /* calls beyond RP_SCAN_CALLS */
	__u64 bias;	/* what keys of trampolines lack in their addresses (slot_key()) */
};
