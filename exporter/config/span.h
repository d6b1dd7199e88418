/* SPDX-License-Identifier: GPL-2.0-only */
/* `spans:`. The binder's ctx is the loader. */
#pragma once

#include "yaml/bind.h"

int span__bind_all(struct binder *b, const struct tree_node *list, void *target);
/* Where a span's key belongs, as in "in a span, under spans:"; NULL: no such key. */
const char *span__home_of(const char *key);
