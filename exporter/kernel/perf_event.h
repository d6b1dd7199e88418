/* SPDX-License-Identifier: GPL-2.0-only */
/* Perf events that BPF programs are attached to. */
#pragma once

#include "base/util.h"

/* A program on a perf event. Both descriptors are -1 when closed; see perf_event__close(). */
struct perf_attachment {
	int event;
	int link; /* -1 also where the kernel has no links on perf events (before 5.15) */
};
#define PERF_ATTACHMENT_NONE ((struct perf_attachment){ -1, -1 })

/* An event that counts nothing, to test the permission. A descriptor, or a negative errno. */
int perf_event__open_dummy(void);
/* The event of a tracefs id, or of a negative errno, which it returns. A descriptor, or a negative
 * errno. */
int perf_event__open_tracepoint(int id);
/* A kprobe (or kretprobe) on a function of the kernel. */
int perf_event__open_kprobe(const char *symbol, bool is_return);
/* A uprobe (or uretprobe) at an offset in a file. */
int perf_event__open_uprobe(const char *path, uint64_t offset, bool is_return);
/* The same at a USDT probe: the kernel increments the semaphore at that offset in each process; 0:
 * there is none. */
int perf_event__open_usdt(const char *path, uint64_t offset, uint64_t semaphore);

/*
 * Runs the program at every event from now on. Takes the event's descriptor, also on failure;
 * or a negative errno, which it returns. cookie 0: none, as on kernels without cookies. 0 or a
 * negative errno.
 */
int perf_event__attach(int event, int prog_fd, uint64_t cookie, struct perf_attachment *out);
/* The same by a link, where the kernel has such links: for bpf_sys__kprobe_missed(). */
int perf_event__attach_kprobe(int event, int prog_fd, struct perf_attachment *out);
void perf_event__close(struct perf_attachment *a);
