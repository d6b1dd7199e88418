/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's BTF, and what features need of it. It takes megabytes: it is read once, and kept
 * until discovery has looked at it. */
#pragma once

#include <stdbool.h>

/* The function on which features are tried: only the kernel's own tests call it
 * (net/bpf/test_run.c). It takes an int and returns one. With FEATURE_TRAMPOLINE, it is in BTF. */
#define KERNEL_BTF_TRIAL "bpf_fentry_test1"

/* IDs of functions, or numbers of parameters; -1: not in BTF. */
struct kernel_btf {
	bool exists;
	int trial;
	int task_iterator, map_iterator, find_ret_addr;
	int fprobe_return, session_cookie; /* parameters */
};

const struct kernel_btf *kernel_btf__get(void);
/* The BTF itself, owned by the caller. It is read again if it was taken before. NULL: there is
 * none; errno tells why. */
struct btf *kernel_btf__take(void);
/* Frees the BTF unless it was taken. */
void kernel_btf__drop(void);
