/* SPDX-License-Identifier: GPL-2.0-only */
/* Serves a request per line on its input, in a loop that never returns; "end" ends it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile long served;

__attribute__((noipa)) long serve_request(long size, const char *what)
{
	return served += size + (what[0] == '\n');
}

__attribute__((noipa)) static void finish(int status)
{
	_exit(status);
}

__attribute__((noipa)) static void serve_forever(int start)
{
	char line[100];

	for (long n = start; fgets(line, sizeof(line), stdin); n++) {
		if (!strcmp(line, "end\n"))
			finish(7);
		serve_request(n, line);
		write(1, ".", 1);
	}
	finish(1);
}

int main(void)
{
	serve_forever(1);
}
