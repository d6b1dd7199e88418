/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the kernel has refused something, and what to do about it. An errno alone misleads: EPERM can
 * be a capability, a limit, lockdown or a seccomp filter. The machine tells which.
 */
#ifndef KERNEL_ADVICE_H
#define KERNEL_ADVICE_H

#include "kernel/machine.h"

enum attempt {
	ATTEMPT_LOAD,	 /* BPF maps and programs */
	ATTEMPT_CLONE,	 /* a tracing program for one function, when others are loaded */
	ATTEMPT_ATTACH,	 /* a program to a function, by a link */
	ATTEMPT_EVENT,	 /* the same by a perf event of kprobes or tracepoints */
	ATTEMPT_UPROBE,	 /* the same by a perf event of uprobes */
	ATTEMPT_SYMBOLS, /* to read what functions the kernel has */
};

/* What an attempt needs of the machine, as far as it is known. */
struct demand {
	size_t files; /* more descriptors, about; 0: unknown */
};

/* One line, to be freed: "EMFILE: cause; advice". err is a negative errno. */
char *advice__text(const struct machine *m, enum attempt a, int err, struct demand needs);
/* The same for this machine. */
char *advice__of(enum attempt a, int err, struct demand needs);

#endif /* KERNEL_ADVICE_H */
