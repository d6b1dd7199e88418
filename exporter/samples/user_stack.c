/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/user_stack.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/clock.h"
#include "samples/functions.h"

static void look_up(struct module *m, const struct look_ups *how)
{
	if (m->looked_up || !m->path || monotonic_seconds() > how->until)
		return;
	m->looked_up = true;
	m->functions = module_functions__read(m, how->proc);
}

/* Names come from files of others, and a line is a frame. */
static void put_name(struct buf *b, const char *name)
{
	for (; *name; name++)
		buf__putc(b, iscntrl((unsigned char)*name) ? '?' : *name);
}

static void put_module(struct buf *b, const struct module *m)
{
	buf__puts(b, " [");
	if (m->path)
		put_name(b, m->path);
	else
		buf__puts(b, "build id ");
	for (size_t i = 0; !m->path && i < BUILD_ID_SIZE; i++)
		buf__printf(b, "%02x", m->id[i]);
	buf__puts(b, "]");
}

/* An outer frame's address is where its call returns to, and the call may be the last instruction
 * of the function. */
static void put_frame(struct buf *b, const struct module *m, uint64_t offset, bool innermost)
{
	const char *name = NULL;
	uint64_t begin = 0;

	if (m->functions)
		name = module_functions__find(m->functions, offset - !innermost, &begin);
	if (name) {
		put_name(b, name);
		buf__puts(b, "+");
	}
	buf__printf(b, "0x%llx", (unsigned long long)(offset - begin));
	put_module(b, m);
}

char *user_stack__spell(struct modules *m, const struct user_frame *v, size_t n,
			const struct look_ups *how)
{
	__cleanup_buf struct buf b = {};

	for (size_t i = 0; i < n; i++) {
		struct module *module = modules__at(m, v[i].module);

		buf__puts(&b, i ? "\n" : "");
		if (!module) {
			buf__puts(&b, "?");
			continue;
		}
		look_up(module, how);
		put_frame(&b, module, v[i].offset, !i);
	}
	return n ? xstrdup(buf__str(&b)) : NULL;
}
