/* SPDX-License-Identifier: GPL-2.0-only */
/* `sample`, a key of a probe, whose target is the struct probe_list, and a flag. */
#pragma once

#include "config/probe_list.h"
#include "yaml/bind.h"

/* Of the command line, which wants both stacks. when: one more condition; NULL: none. 0, or -EINVAL
 * and *why. */
int sampling__add(struct probe_settings *settings, const char *when, const struct source_pos *pos,
		  char **why);
int sampling__bind(struct binder *b, const struct tree_node *node, void *target);
