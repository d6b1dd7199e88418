/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions with several names, and one with clones. Prints "FUNCTION CALLS" for each, and calls it
 * that often.
 */
#include <stdio.h>

int work(int x);
int work_too(int x) __attribute__((alias("work")));
int other(int x);
int beside(int x);
int clone(int x) __asm__("beside.constprop.0");

__attribute__((noipa)) int work(int x)
{
	return x;
}

__attribute__((noipa)) int other(int x)
{
	return x + 1;
}

__attribute__((noipa)) int beside(int x)
{
	return x + 2;
}

/* Called by a name that only a compiler makes. */
__attribute__((noipa)) int clone(int x)
{
	return x + 3;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 50; i++)
		sum += work(i) + work_too(i);
	for (int i = 0; i < 20; i++)
		sum += other(i);
	for (int i = 0; i < 5; i++)
		sum += beside(i);
	for (int i = 0; i < 7; i++)
		sum += clone(i);
	printf("%d\n", sum);
	return 0;
}
