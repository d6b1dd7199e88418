/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A USDT probe with an argument in memory, touch(how, number): the number is in a page that is
 * mapped (0), that was dropped (1), that must not be read (2), or of a file that nobody has read
 * yet (3). For each line on stdin, ROUNDS of each. The argument is 4711.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sdt.h>
#include <unistd.h>

#define ROUNDS 10
#define NUMBER 4711L

/* As assembly, which clang-format would take for arithmetic. */
/* clang-format off */
#ifdef __aarch64__
#define TOUCH STAP_PROBE_ASM(absent, touch, 8@%[how] 8@[%[page]])
#else
#define TOUCH STAP_PROBE_ASM(absent, touch, 8@%[how] 8@(%[page]))
#endif
/* clang-format on */

static __attribute__((noinline, noclone)) void touch(long how, const long *page)
{
	__asm__ volatile(TOUCH : : [how] "r"(how), [page] "r"(page));
}

/* A page of the file, or without one. */
static long *map(int fd)
{
	long *page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return page;
}

int main(void)
{
	long *mapped = map(-1), *dropped = map(-1), *forbidden = map(-1);
	long size = sysconf(_SC_PAGESIZE);
	FILE *file = tmpfile();

	if (!file || ftruncate(fileno(file), size) ||
	    pwrite(fileno(file), &(long){ NUMBER }, 8, 0) < 0)
		return 1;
	*mapped = NUMBER;
	*forbidden = NUMBER;
	if (mprotect(forbidden, size, PROT_NONE))
		return 1;
	while (getchar() != EOF) {
		for (int i = 0; i < ROUNDS; i++) {
			long *of_file = map(fileno(file));

			*dropped = NUMBER;
			madvise(dropped, size, MADV_DONTNEED);
			touch(0, mapped);
			touch(1, dropped);
			touch(2, forbidden);
			touch(3, of_file);
			munmap(of_file, size);
		}
		puts("done");
		fflush(stdout);
	}
	return 0;
}
