/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes calls with a known number, result and minimum duration: page_calls TEXT RESULT COUNT
 * [USECS]
 */
#include <stdlib.h>
#include <unistd.h>

long page_call(const char *text, long result, unsigned int usecs);

__attribute__((noipa)) long page_call(const char *text, long result, unsigned int usecs)
{
	if (usecs)
		usleep(usecs);
	return result;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	for (long i = atol(argv[3]); i > 0; i--)
		page_call(argv[1], atol(argv[2]), argc > 4 ? atoi(argv[4]) : 0);
	return 0;
}
