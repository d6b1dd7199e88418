/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the kernel refused a request, and what to do about it. An errno alone is misleading: EPERM
 * can mean a capability, a limit, lockdown or a seccomp filter. struct machine tells which.
 */
#pragma once

#include "kernel/machine.h"

enum attempt {
	ATTEMPT_LOAD,	 /* BPF maps and programs */
	ATTEMPT_CLONE,	 /* a tracing program for one function, when others are loaded */
	ATTEMPT_ATTACH,	 /* a program to a function, by a link */
	ATTEMPT_EVENT,	 /* the same by a perf event of kprobes or tracepoints */
	ATTEMPT_UPROBE,	 /* the same by a perf event of uprobes */
	ATTEMPT_SYMBOLS, /* to read the kernel's functions */
};

/* The resources that an attempt needs. */
struct demand {
	size_t files; /* additional descriptors, roughly; 0: unknown */
};

/* One line, to be freed: "EMFILE: cause; advice". err is a negative errno. */
char *advice__text(const struct machine *m, enum attempt a, int err, struct demand needs);
/* The same for this machine. */
char *advice__of(enum attempt a, int err, struct demand needs);
