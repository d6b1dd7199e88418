/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts in pages that have not been touched before the call: 10 calls of chdir("/nowhere") and of
 * touch("/nowhere"). Then 10 calls of chdir() with invalid pointers.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAR  (1 << 20) /* the kernel also maps pages around a touched one */
#define TEXT "/nowhere"

int main(void)
{
	int fd = memfd_create("cold", 0), wrong = 0;
	const char *p;

	for (int i = 0; i < 10; i++)
		pwrite(fd, TEXT, sizeof(TEXT), i * FAR);
	ftruncate(fd, 10 * FAR);
	p = mmap(NULL, 10 * FAR, PROT_READ, MAP_SHARED, fd, 0);
	for (int i = 0; i < 10; i++)
		wrong += syscall(SYS_chdir, p + i * FAR) != -1;
	for (int i = 0; i < 10; i++)
		wrong += syscall(SYS_chdir, i & 1 ? NULL : (char *)0x123456) != -1;
	return wrong;
}
