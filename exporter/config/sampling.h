/* SPDX-License-Identifier: GPL-2.0-only */
/* `sample`, a key of a probe, whose target is the struct probe_list. */
#pragma once

#include "yaml/bind.h"

int sampling__bind(struct binder *b, const struct tree_node *node, void *target);
