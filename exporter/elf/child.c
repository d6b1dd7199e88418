/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/child.h"

#include "base/error.h"

#define READ_SECONDS 5.0

static int64_t run(void *ctx, void *out, size_t max, char *why)
{
	const struct elf_child *c = ctx;

	return c->make(c, out, max, why);
}

int elf_child__run(const struct elf_child *child, struct confined_result *out, char **why)
{
	const struct confined_job job = {
		.run = run,
		.ctx = (void *)child,
		.what = child->what,
		.max = child->max,
		.memory = child->memory,
		.seconds = READ_SECONDS,
		.fd = child->fd,
		.also = child->debug_fd >= 0 ? &child->debug_fd : NULL,
	};
	int err = confined__run(&job, out, why);

	if (err || child->is_sound(out->data, out->size))
		return err;
	return error__set(why, -EFAULT, "%s gave nonsense: it was made to do harm", child->what);
}
