/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel switches that root can turn off while probes are attached. The probes' programs then do
 * not run, and the kernel does not count the missed calls.
 */
#pragma once

#include "base/util.h"

enum switch_bit {
	SWITCH_FTRACE = 1,  /* kernel.ftrace_enabled */
	SWITCH_KPROBES = 2, /* kprobes/enabled in debugfs */
	SWITCHES_MAX = 4,
};

struct switches;

/* Takes directory descriptors: /proc/sys/kernel, and debugfs; negative: not available. */
struct switches *switches__new(int sysctl, int debugfs);
void switches__free(struct switches *s); /* NULL is fine */

/* The bits of the switches that are off. A switch that cannot be read counts as on. */
unsigned switches__off(const struct switches *s);
/* The switch to report; 0: none is off. */
enum switch_bit switches__first(unsigned off);
/* The reason why nothing is counted, to be freed. */
char *switches__why(enum switch_bit bit);
/* The name for users: "kernel.ftrace_enabled". */
const char *switches__name(enum switch_bit bit);
