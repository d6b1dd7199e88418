/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `retprobe_exporter top`: the counters in a terminal. One process attaches, reads the counters
 * itself, and serves nothing. It has the attacher's privileges, so it treats names and label values
 * as untrusted: they are shown without control characters.
 */
#pragma once

#include "config/config.h"

struct reconcile;

struct top_setup {
	const struct config *config;
	struct reconcile *reconcile; /* not configured yet */
	/* Applies the configuration, which may take long. 0, or the exit code. */
	int (*start)(void *ctx);
	void *ctx;
};

/* Blocks the signals that top__run() handles; call it before the first thread is made. */
void top__block_signals(void);
/* Runs until stop__signal(), a key or --duration. 0, the exit code of start(), or a negative errno
 * that has been logged. The caller detaches the probes. */
int top__run(const struct top_setup *setup);
