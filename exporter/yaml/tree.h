/* SPDX-License-Identifier: GPL-2.0-only */
/* Strict YAML as a tree in which every node knows its line and column. */
#pragma once

#include "base/util.h"

enum tree_type { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree_node {
	enum tree_type type;
	int line, column;	  /* from 1 */
	char *value;		  /* scalar */
	bool plain;		  /* scalar without quotes: may be a number, null, ... */
	struct tree_node **keys;  /* map: scalars, all different */
	struct tree_node **items; /* list: elements; map: values */
	size_t nkeys, nitems;
};

#define TREE_MAX_BYTES (4u << 20)

/* 0 and *root, which is NULL for a text without content; or -EINVAL and *error, to be freed:
 * "FILE:LINE:COLUMN: what is wrong; what to do". */
int tree__load(const char *text, size_t len, const char *file, struct tree_node **root,
	       char **error);
void tree__free(struct tree_node *node); /* NULL is fine */

/* Whether the node is null, or nothing stands after its key. */
bool tree__is_null(const struct tree_node *node);
/* Whether the node is a finite decimal number without quotes. */
bool tree__is_number(const struct tree_node *node, double *out);
