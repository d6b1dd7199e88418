/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/own_program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>

#include "base/mapped.h"

/* O_PATH, because the files may not be readable. */
static int open_path(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int own_program__open(struct own_program *out)
{
	__cleanup_free char *path = NULL;
	uint64_t offset;

	*out = (struct own_program){ .program = -1, .loader = -1 };
	if (getauxval(AT_BASE)) {
		out->program = open_path("/proc/self/exe");
		return out->program < 0 ? out->program : 0;
	}
	/* The loader was executed itself. */
	path = mapped__file(own_program__open, &offset);
	out->program = path ? open_path(path) : -ENOENT;
	if (out->program < 0)
		return out->program;
	out->loader = open_path("/proc/self/exe");
	return out->loader < 0 ? out->loader : 0;
}
