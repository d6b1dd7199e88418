/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/privs.h"

#include <fcntl.h>
#include <linux/capability.h>

#include "kernel/machine.h"

#define BIT(cap) (1ULL << (cap))

char *privs__missing(void)
{
	uint64_t have = machine__capabilities();

	if (have & BIT(CAP_SYS_ADMIN))
		return NULL;
	if (!(have & BIT(CAP_BPF)))
		return xasprintf("no permission to load BPF programs: CAP_BPF is missing (or "
				 "CAP_SYS_ADMIN); run it as root");
	if (!(have & BIT(CAP_PERFMON)))
		return xasprintf("no permission to attach BPF programs: CAP_PERFMON is missing (or "
				 "CAP_SYS_ADMIN); run it as root");
	return NULL;
}

bool privs__open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR); /* the lowest that is free */
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	return fd >= 0;
}
