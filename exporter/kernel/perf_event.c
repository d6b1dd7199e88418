/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/perf_event.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/file.h"

/* An event on one CPU: programs are attached to the trace event itself and run on all CPUs. */
static int open_event(struct perf_event_attr *attr)
{
	int fd = -1;

	attr->size = sizeof(*attr);
	/* CPU 0 may be offline. The current one is online, unless it goes offline right now. */
	for (int tries = 0; tries < 10; tries++) {
		fd = syscall(SYS_perf_event_open, attr, -1, tries ? sched_getcpu() : 0, -1,
			     PERF_FLAG_FD_CLOEXEC);
		if (fd >= 0 || (errno != ENODEV && errno != EINTR && errno != EAGAIN))
			break;
	}
	return fd < 0 ? -errno : fd;
}

int perf_event__open_dummy(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY };

	return open_event(&attr);
}

int perf_event__open_tracepoint(int id)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .config = id };

	return id < 0 ? id : open_event(&attr);
}

/* Reads "PREFIXnumber" from a file of a PMU. */
static int pmu_number(const char *pmu, const char *file, const char *prefix)
{
	__cleanup_free char *path = xasprintf("/sys/bus/event_source/devices/%s/%s", pmu, file);
	char text[64];
	size_t skip = strlen(prefix);

	if (file__read_head(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -ENOENT;
	if (strncmp(text, prefix, skip))
		return -EINVAL;
	return atoi(text + skip);
}

#define SEMAPHORE_SHIFT 32 /* config:32-63 of the uprobe PMU, ref_ctr_offset */

static int open_probe(const char *pmu, const char *where, uint64_t offset, bool is_return,
		      uint64_t semaphore)
{
	struct perf_event_attr attr = {
		.config1 = (uint64_t)(uintptr_t)where, /* kprobe_func, uprobe_path */
		.config2 = offset,		       /* probe_offset */
	};
	int type = pmu_number(pmu, "type", ""), bit = pmu_number(pmu, "format/retprobe", "config:");

	if (type < 0 || bit < 0)
		return -EOPNOTSUPP;
	if (semaphore > UINT32_MAX)
		return -EOVERFLOW;
	attr.type = type;
	attr.config = semaphore << SEMAPHORE_SHIFT;
	if (is_return)
		attr.config |= 1ULL << bit;
	return open_event(&attr);
}

int perf_event__open_kprobe(const char *symbol, bool is_return)
{
	return open_probe("kprobe", symbol, 0, is_return, 0);
}

int perf_event__open_uprobe(const char *path, uint64_t offset, bool is_return)
{
	return open_probe("uprobe", path, offset, is_return, 0);
}

int perf_event__open_usdt(const char *path, uint64_t offset, uint64_t semaphore)
{
	return open_probe("uprobe", path, offset, false, semaphore);
}

static int set_program(int event, int prog_fd)
{
	return ioctl(event, PERF_EVENT_IOC_SET_BPF, prog_fd) ? -errno : 0;
}

static int attach(struct perf_attachment a, int prog_fd, uint64_t cookie, bool by_link,
		  struct perf_attachment *out)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = cookie);
	int err;

	if (a.event < 0)
		return a.event;
	if (by_link)
		a.link = bpf_link_create(prog_fd, a.event, BPF_PERF_EVENT, &opts);
	err = cookie && a.link < 0 ? a.link : a.link < 0 ? set_program(a.event, prog_fd) : 0;
	if (!err && ioctl(a.event, PERF_EVENT_IOC_ENABLE, 0))
		err = -errno;
	if (err) {
		perf_event__close(&a);
		return err;
	}
	*out = a;
	return 0;
}

int perf_event__attach(int event, int prog_fd, uint64_t cookie, struct perf_attachment *out)
{
	return attach((struct perf_attachment){ event, -1 }, prog_fd, cookie, cookie, out);
}

int perf_event__attach_kprobe(int event, int prog_fd, struct perf_attachment *out)
{
	return attach((struct perf_attachment){ event, -1 }, prog_fd, 0, true, out);
}

void perf_event__close(struct perf_attachment *a)
{
	cleanup__close(&a->link);
	cleanup__close(&a->event);
	*a = PERF_ATTACHMENT_NONE;
}
