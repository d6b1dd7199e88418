/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layout that the BPF programs and the exporter share for the points of spans. */
#pragma once

#include <linux/types.h>

/* A span that is running. */
struct rp_span {
	__u64 start; /* ns */
	__u64 label; /* as label_of() returns it */
};

/* What a walk through a span's running ones has found. */
struct rp_span_scan {
	__u64 running;
	__u64 oldest; /* start, ns; 0: none */
};
