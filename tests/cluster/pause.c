/* SPDX-License-Identifier: GPL-2.0-only */
/* Holds the namespaces of a pod until it is told to end. As the first process, it has the kernel
 * reap orphans. */
#include <signal.h>
#include <unistd.h>

static void end(int number)
{
	_exit(0);
}

int main(void)
{
	signal(SIGCHLD, SIG_IGN);
	signal(SIGINT, end);
	signal(SIGTERM, end);
	for (;;)
		pause();
}
