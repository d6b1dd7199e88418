/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of bounds of classic buckets. */
#pragma once

#include "yaml/bind.h"

/* Replace the bounds in *v, to be freed. 0; or -EINVAL with *b->error. */

int buckets__bind(struct binder *b, const struct tree_node *list, double **v, size_t *n);
int buckets__bind_sizes(struct binder *b, const struct tree_node *list, double **v, size_t *n);
