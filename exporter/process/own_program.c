/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/own_program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>

/* The file of which the code of this function is mapped. */
static char *mapped_program(void)
{
	unsigned long here = (unsigned long)&mapped_program, start, end;
	__cleanup_fclose FILE *f = fopen("/proc/self/maps", "re");
	char line[4400], *path;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, '/');
		if (path && sscanf(line, "%lx-%lx", &start, &end) == 2 && here >= start &&
		    here < end)
			return xstrdup(path);
	}
	return NULL;
}

/* O_PATH, because the files may not be readable. */
static int open_path(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int own_program__open(struct own_program *out)
{
	__cleanup_free char *path = NULL;

	*out = (struct own_program){ .program = -1, .loader = -1 };
	if (getauxval(AT_BASE)) {
		out->program = open_path("/proc/self/exe");
		return out->program < 0 ? out->program : 0;
	}
	/* The loader was executed itself. */
	path = mapped_program();
	out->program = path ? open_path(path) : -ENOENT;
	if (out->program < 0)
		return out->program;
	out->loader = open_path("/proc/self/exe");
	return out->loader < 0 ? out->loader : 0;
}
