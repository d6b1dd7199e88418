/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of a probe that hold expressions. Their target is the struct probe_list. */
#pragma once

#include "yaml/bind.h"

int expressions__bind_labels(struct binder *b, const struct tree_node *list, void *target);
int expressions__bind_filter(struct binder *b, const struct tree_node *list, void *target);
int expressions__bind_observe(struct binder *b, const struct tree_node *map, void *target);
