/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches of the kernel that anybody with root can turn off while probes are attached. Their
 * programs then do not run, and the kernel counts nothing of what they miss.
 */
#ifndef KERNEL_SWITCHES_H
#define KERNEL_SWITCHES_H

#include "base/util.h"

enum switch_bit {
	SWITCH_FTRACE = 1,  /* kernel.ftrace_enabled */
	SWITCH_KPROBES = 2, /* kprobes/enabled in debugfs */
	SWITCHES_MAX = 4,
};

struct switches;

/* Directories, taken over: /proc/sys/kernel, and debugfs, or negative where there is none. */
struct switches *switches__new(int sysctl, int debugfs);
void switches__free(struct switches *s); /* NULL is fine */

/* The bits of those that are off. One that cannot be read counts as on. */
unsigned switches__off(const struct switches *s);
/* Where people find a switch: "kernel.ftrace_enabled". */
/* The one of them to be told of; 0: none is off. */
enum switch_bit switches__first(unsigned off);
/* Why nothing is counted, to be freed. */
char *switches__why(enum switch_bit bit);
const char *switches__name(enum switch_bit bit);

#endif /* KERNEL_SWITCHES_H */
