/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The archive's retprobe_exporter: executes the program in lib/ with the loader and the libraries
 * that are there, wherever the archive was unpacked. Static, so it needs nothing of the machine.
 * The exporter executes its servers in the same way (exporter/process/own_program.h).
 *
 * LIBRARIES is a path below the launcher's directory; LOADER is a file there.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "retprobe_exporter: %s: %s\n", what, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	char dir[PATH_MAX], libraries[PATH_MAX + 64], loader[PATH_MAX + 128],
		program[PATH_MAX + 128];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	char **args = calloc(argc + 4, sizeof(*args));

	if (n < 0)
		fail("cannot find its directory: /proc is not mounted");
	if (!args)
		fail("no memory");
	dir[n] = '\0';
	*strrchr(dir, '/') = '\0';
	snprintf(libraries, sizeof(libraries), "%s/" LIBRARIES, dir);
	snprintf(loader, sizeof(loader), "%s/" LOADER, libraries);
	snprintf(program, sizeof(program), "%s/retprobe_exporter", libraries);
	if (setenv("LD_LIBRARY_PATH", libraries, 1))
		fail("no memory");
	args[0] = argv[0];
	args[1] = "--argv0";
	args[2] = argv[0];
	args[3] = program;
	memcpy(args + 4, argv + 1, argc * sizeof(*args)); /* with the NULL */
	execv(loader, args);
	fail(loader);
}
