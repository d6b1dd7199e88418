/* SPDX-License-Identifier: GPL-2.0-only */
/* A server that is not itself, played by a forked process: it writes over all that it shares with
 * its parent. */
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>

#include "base/util.h"

#define HOSTILE_BYTE 0x41

/* Writes where it may, or may let itself. Returns how many mappings that were. */
static int hostile__write_all(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[1024], rights[8];
	int n = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || rights[3] != 's')
			continue;
		if (rights[1] != 'w' && mprotect((void *)from, to - from, PROT_READ | PROT_WRITE))
			continue;
		memset((void *)from, HOSTILE_BYTE, to - from);
		n++;
	}
	return maps ? n : -1;
}

/* The same from a process of its own, which ends then. */
static int hostile__run(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(hostile__write_all());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
