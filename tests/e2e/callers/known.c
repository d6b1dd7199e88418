/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls a function from two others and from the C library, then waits for its input to end. */
#include <stdio.h>
#include <stdlib.h>

int leaf(const void *a, const void *b);

__attribute__((noipa)) int leaf(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

__attribute__((noipa)) int first(int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += leaf("a", "b");
	return sum;
}

__attribute__((noipa)) int second(int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += leaf("a", "b") + leaf("b", "a"); /* two places */
	return sum;
}

int main(void)
{
	void *(*volatile find)(const void *key, const void *base, size_t n, size_t size,
			       int (*compare)(const void *a, const void *b)) = bsearch;

	first(300);
	second(100);
	for (int i = 0; i < 50; i++)
		find("x", "x", 1, 1, leaf);
	puts("done");
	fflush(stdout);
	return getchar() == EOF ? 0 : 1;
}
