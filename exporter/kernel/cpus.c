/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cpus.h"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include "base/file.h"

/* Ranges ascend. */
uint32_t cpus__end_of(const char *list)
{
	const char *last = list;

	for (const char *c = list; *c; c++)
		if (*c == '-' || *c == ',')
			last = c + 1;
	return *last >= '0' && *last <= '9' ? 1 + strtoul(last, NULL, 10) : 0;
}

struct cpus cpus__read(void)
{
	char text[4096];
	struct cpus c = { .possible = libbpf_num_possible_cpus() };

	if (file__read_head(AT_FDCWD, "/sys/devices/system/cpu/online", text, sizeof(text)) > 0)
		c.online = cpus__end_of(text);
	if (!c.online || c.online > c.possible)
		c.online = c.possible;
	return c;
}
