/* SPDX-License-Identifier: GPL-2.0-only */
/* For each number on its input, calls serve() once with each key from 1 to this number. */
#include <stdio.h>

__attribute__((noipa)) long serve(long key)
{
	return key;
}

int main(void)
{
	long keys;

	while (scanf("%ld", &keys) == 1) {
		for (long key = 1; key <= keys; key++)
			serve(key);
		puts("done");
		fflush(stdout);
	}
}
