/* SPDX-License-Identifier: GPL-2.0-only */
/* `probes:` and `defaults:`. The binder's ctx is the loader. */
#pragma once

#include "yaml/bind.h"

int probe__bind_all(struct binder *b, const struct tree_node *list, void *target);
int probe__bind_defaults(struct binder *b, const struct tree_node *map, void *target);
/* Where a probe's key belongs, as in "in a probe, under probes:"; NULL: no such key. */
const char *probe__home_of(const char *key);
