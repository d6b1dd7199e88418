/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf(2) calls that Debian 12's libbpf (1.1) and headers lack. The numbers are the kernel's ABI
 * (include/uapi/linux/bpf.h).
 */
#pragma once

#include "base/util.h"

/* enum bpf_attach_type */
enum bpf_sys_attach {
	BPF_SYS_FENTRY = 24,
	BPF_SYS_FEXIT = 25,
	BPF_SYS_TRACE_ITER = 28,
	BPF_SYS_KPROBE_MULTI = 42,
	BPF_SYS_UPROBE_MULTI = 48,
	BPF_SYS_KPROBE_SESSION = 56,
	BPF_SYS_UPROBE_SESSION = 57,
	BPF_SYS_FSESSION = 58,
	BPF_SYS_FSESSION_MULTI = 61,
};

/* Functions of a kprobe.multi or kprobe.session link: by address or, with addrs NULL, by name. */
struct bpf_sys_functions {
	const uint64_t *addrs;
	const char *const *symbols;
	const uint64_t *cookies; /* or NULL */
	uint32_t n;
	bool is_return; /* of kprobe.multi */
};

/* All return a descriptor or a negative errno. */
int bpf_sys__link_functions(int prog_fd, enum bpf_sys_attach type,
			    const struct bpf_sys_functions *f);
int bpf_sys__link_uprobes(int prog_fd, enum bpf_sys_attach type, const char *path,
			  const uint64_t *offsets, const uint64_t *cookies, uint32_t n,
			  bool is_return);
/* One place. semaphore: the kernel increments it in each process; an offset in the file, or 0. */
int bpf_sys__link_uprobe(int prog_fd, const char *path, uint64_t offset, uint64_t semaphore,
			 bool is_return);
int bpf_sys__link_btf_ids(int prog_fd, const uint32_t *ids, const uint64_t *cookies, uint32_t n);
/* For programs loaded for one function: fentry, fexit, fsession. */
int bpf_sys__link_tracing(int prog_fd, enum bpf_sys_attach type);

/* Loads a program that does nothing. type: enum bpf_prog_type; attach: enum bpf_sys_attach, or 0;
 * btf_id: of a kernel function, or 0. */
int bpf_sys__load_nothing(int type, int attach, uint32_t btf_id);

/* A loaded module's BTF. */
int bpf_sys__module_btf(const char *module);

/* Whether kernel.bpf_stats_enabled is 1. */
bool bpf_sys__stats_are_on(void);

/* Calls for which a multi link had no return slot. 0 before 6.9, which does not count. */
uint64_t bpf_sys__link_missed(int link_fd);
/* How often the kernel has skipped the kprobe of a perf event's link, as another one was running. 0
 * for other links, and before 6.7, which does not tell. */
uint64_t bpf_sys__kprobe_missed(int link_fd);

/* Sends libbpf's messages to the log, at debug. */
void bpf_sys__log_libbpf(void);
/* Logs the verifier's reasons, at debug. Modifies text. */
void bpf_sys__log_reasons(char *text);
