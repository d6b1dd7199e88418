/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events are pinned. Others may take turns if the processor has too few counters, and then do
 * not count all the time. A pinned one counts always, or cannot be read.
 */
#include "kernel/perf_counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

static const struct {
	uint32_t type, config;
} events[RP_PERF_COUNTERS] = {
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES },
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
};

const char *const perf_counter_names[RP_PERF_COUNTERS] = {
	"cycles",   "instructions",  "cache-references", "cache-misses",
	"branches", "branch-misses", "cpu-clock",
};

int perf_counters__open(uint32_t i, int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = events[i].type,
		.config = events[i].config,
		.pinned = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static const char *explain(int err)
{
	switch (err) {
	case -ENOENT:
	case -EOPNOTSUPP:
	case -ENODEV:
	case -EINVAL:
		return "the processor has no such counter, or, in most virtual machines, the "
		       "hypervisor hides it";
	case -EACCES:
	case -EPERM:
		return "perf events are not permitted: they need CAP_PERFMON, or CAP_SYS_ADMIN "
		       "where kernel.perf_event_paranoid is 3";
	default:
		return strerror(-err);
	}
}

const char *perf_counters__unavailable(uint32_t i)
{
	static struct {
		bool tried;
		const char *why;
	} known[RP_PERF_COUNTERS];
	int fd;

	if (known[i].tried)
		return known[i].why;
	fd = perf_counters__open(i, sched_getcpu());
	known[i].tried = true;
	if (fd < 0)
		known[i].why = explain(fd);
	else
		close(fd);
	return known[i].why;
}

uint32_t perf_counters__available(void)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < RP_PERF_COUNTERS; i++)
		bits |= perf_counters__unavailable(i) ? 0 : 1U << i;
	return bits;
}
