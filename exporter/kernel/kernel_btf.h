/* SPDX-License-Identifier: GPL-2.0-only */
/* What the features of a kernel need of its BTF, which takes megabytes: it is read once and not
 * kept. */
#pragma once

#include <stdbool.h>

/* The function on which features are tried: only the kernel's own tests call it
 * (net/bpf/test_run.c). It takes an int and returns one. With FEATURE_TRAMPOLINE, it is in BTF. */
#define KERNEL_BTF_TRIAL "bpf_fentry_test1"

/* IDs of functions, or numbers of parameters; -1: not in BTF. */
struct kernel_btf {
	bool exists;
	int trial;
	int task_iterator, find_ret_addr;
	int fprobe_return, session_cookie; /* parameters */
};

const struct kernel_btf *kernel_btf__get(void);
