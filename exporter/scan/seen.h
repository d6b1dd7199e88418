/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Since when tasks have been in their calls at least. A task that has not run since an earlier scan
 * is in the same calls as then.
 */
#pragma once

#include "bpf/scan.h"

#include "base/util.h"

struct seen_task;

/* Zeroed: no scan yet. */
struct seen {
	struct seen_task *v, *next;
	size_t n, nnext, at;
};

/* For each task with calls, in the order of thread ids: the time of the scan that first saw it in
 * these calls. now: time of this scan, ns. */
uint64_t seen__since(struct seen *s, const struct rp_scan_task *t, uint64_t now);
/* At the end of a scan. Tasks that it has not seen are forgotten. */
void seen__end(struct seen *s);
void seen__free(struct seen *s);
