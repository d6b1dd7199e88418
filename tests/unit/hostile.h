/* SPDX-License-Identifier: GPL-2.0-only */
/* A compromised server: a forked process that overwrites all memory it shares with its parent. */
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>

#include "base/util.h"

#define HOSTILE_BYTE 0x41

/* Overwrites all shared mappings that are writable or can be made so. Returns their number. */
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

/* The same in a child process. */
static int hostile__run(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(hostile__write_all());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
