/* SPDX-License-Identifier: GPL-2.0-only */
/* `probes:` and `defaults:`. The binder's ctx is the loader. */
#pragma once

#include "yaml/bind.h"

int probe__bind_all(struct binder *b, const struct tree_node *list, void *target);
/* Keys that spans have, too. Their target is the struct probe_list. */
int probe__bind_max_series(struct binder *b, const struct tree_node *node, void *target);
int probe__bind_keep(struct binder *b, const struct tree_node *node, void *target);
int probe__bind_buckets(struct binder *b, const struct tree_node *node, void *target);
int probe__bind_by(struct binder *b, const struct tree_node *node, void *target);
int probe__bind_series_ttl(struct binder *b, const struct tree_node *node, void *target);
int probe__bind_max_rate(struct binder *b, const struct tree_node *node, void *target);
int probe__bind_max_cpu(struct binder *b, const struct tree_node *node, void *target);
/* A whole number from 1 on, not in quotes. */
int probe__bind_count(struct binder *b, const struct tree_node *node, const char *key,
		      unsigned long max, uint32_t *out);
int probe__bind_defaults(struct binder *b, const struct tree_node *map, void *target);
/* Where a probe's key belongs, as in "in a probe, under probes:"; NULL: no such key. */
const char *probe__home_of(const char *key);
