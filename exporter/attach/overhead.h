/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The overhead of a mechanism on this machine, measured: programs that do nothing are attached to a
 * function that nobody else calls, for some milliseconds.
 */
#pragma once

#include "attach/mechanism.h"

/*
 * Sets *seconds to the CPU time that a pair of empty programs adds to a call. only_return: one
 * program, as for targets without durations. attach_event, attach_raw_event,
 * attach_kprobe, attach_uprobe, attach_span: one program at a point. Measure attach_tracepoint
 * before it is in use: its cost is that of the first program on the tracepoints. 0, or a negative
 * errno and *why, to be freed.
 */
int overhead__measure(const struct attach_ops *ops, struct features *f, bool only_return,
		      double *seconds, char **why);
