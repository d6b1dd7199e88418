/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls serve() 20,000 times for each line on its input, then prints how often each of the keys 1
 * to 20 was called so far, and all calls, in one line. Two in five calls are of these keys; all
 * others are of 100,000 keys in turn. The first 1,000 calls are of the latter, so that they take
 * all label sets.
 */
#include <stdio.h>

enum { TOP = 20, KEYS = 100000, FIRST = 1000, CALLS = 20000 };

static long calls[TOP + 1], all, rare, top;

__attribute__((noipa)) long serve(long key)
{
	return key;
}

static void call(void)
{
	long key = all >= FIRST && all % 5 < 2 ? 1 + top++ % TOP : TOP + 1 + rare++ % (KEYS - TOP);

	serve(key);
	all++;
	if (key <= TOP)
		calls[key]++;
}

int main(void)
{
	while (getchar() != EOF) {
		for (int i = 0; i < CALLS; i++)
			call();
		for (int key = 1; key <= TOP; key++)
			printf("%ld ", calls[key]);
		printf("%ld\n", all);
		fflush(stdout);
	}
}
