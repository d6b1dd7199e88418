/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/target_state.h"

const char *target_state__object(const struct target_state *st)
{
	if (st->object)
		return st->object;
	if (st->target->object)
		return st->target->object;
	return st->target->type == TARGET_SYSCALL ? "syscall" : "vmlinux";
}

const char *target_state__function(const struct target_state *st)
{
	return st->function ? st->function : st->target->function;
}
