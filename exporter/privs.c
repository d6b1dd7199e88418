/* SPDX-License-Identifier: GPL-2.0-only */
#include "privs.h"

#include <inttypes.h>
#include <linux/capability.h>

#define BIT(cap) (1ULL << (cap))

static uint64_t effective(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t caps = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %" SCNx64, &caps) == 1)
			break;
	return caps;
}

/* 3 is a Debian level: perf_event_open(2) asks for CAP_SYS_ADMIN then, CAP_PERFMON is not enough.
 */
static int perf_event_paranoid(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 2;

	if (f && fscanf(f, "%d", &level) != 1)
		level = 2;
	return level;
}

char *privs__missing(void)
{
	uint64_t have = effective();

	if (have & BIT(CAP_SYS_ADMIN))
		return NULL;
	if (!(have & BIT(CAP_BPF)))
		return xasprintf("no permission to load BPF programs: CAP_BPF is missing (or "
				 "CAP_SYS_ADMIN); run it as root");
	if (!(have & BIT(CAP_PERFMON)))
		return xasprintf("no permission to attach BPF programs: CAP_PERFMON is missing (or "
				 "CAP_SYS_ADMIN); run it as root");
	if (perf_event_paranoid() > 2)
		return xasprintf("no permission to open perf events: kernel.perf_event_paranoid is "
				 "%d, which asks for CAP_SYS_ADMIN; run it as root, or set it to 2",
				 perf_event_paranoid());
	return NULL;
}
