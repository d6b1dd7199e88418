/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/switches.h"

#include "base/file.h"

struct switches {
	int sysctl, debugfs;
};

struct switches *switches__new(int sysctl, int debugfs)
{
	struct switches *s = xcalloc(1, sizeof(*s));

	s->sysctl = sysctl;
	s->debugfs = debugfs;
	return s;
}

void switches__free(struct switches *s)
{
	if (!s)
		return;
	cleanup__close(&s->sysctl);
	cleanup__close(&s->debugfs);
	free(s);
}

static bool is_off(int dir, const char *file)
{
	char c[2];

	return dir >= 0 && file__read_head(dir, file, c, sizeof(c)) > 0 && *c == '0';
}

unsigned switches__off(const struct switches *s)
{
	return (is_off(s->sysctl, "ftrace_enabled") ? SWITCH_FTRACE : 0) |
	       (is_off(s->debugfs, "kprobes/enabled") ? SWITCH_KPROBES : 0);
}

enum switch_bit switches__first(unsigned off)
{
	return off & SWITCH_FTRACE ? SWITCH_FTRACE : off;
}

char *switches__why(enum switch_bit bit)
{
	return xasprintf("%s is 0: nothing is counted until it is 1 again", switches__name(bit));
}

const char *switches__name(enum switch_bit bit)
{
	return bit == SWITCH_FTRACE ? "kernel.ftrace_enabled" : "kprobes/enabled in debugfs";
}
