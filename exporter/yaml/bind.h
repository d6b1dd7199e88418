/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tree -> values, by tables of keys. A key that is not in its table is an error.
 *
 * Functions that return int return 0, or -EINVAL after setting the binder's *error to
 * "FILE:LINE:COLUMN: text", to be freed. In messages, `where` names the node: "%s must be ...".
 */
#pragma once

#include "base/source_pos.h"
#include "yaml/tree.h"

struct binder {
	const char *file;
	char **error;
	void *ctx; /* for the functions of the tables */
	/* Where an unknown key would be allowed, as in "in histograms:", or NULL. May be NULL. */
	const char *(*home_of)(const char *key);
	const struct key *key; /* whose value is being bound; NULL: none */
};

struct key {
	const char *name;
	int (*bind)(struct binder *b, const struct tree_node *value, void *target);
	const char *example; /* of a value; NULL: none */
};

#define binder__fail(b, node, ...)                                                           \
	source_pos__fail((b)->error,                                                         \
			 &(struct source_pos){ (b)->file, (node)->line, (node)->column, 0 }, \
			 __VA_ARGS__)

static inline struct source_pos binder__position(const struct binder *b,
						 const struct tree_node *node)
{
	return (struct source_pos){ b->file, node->line, node->column, 0 };
}

/* The type of a node in words: "a list". */
const char *binder__type_name(const struct tree_node *node);
/* Fails with "WHERE must be EXPECTED, not a list, as in KEY: EXAMPLE". */
int binder__mistyped(struct binder *b, const struct tree_node *node, const char *where,
		     const char *expected);
/* Binds the value of each key by the table of n keys. */
int binder__map(struct binder *b, const struct tree_node *map, const char *where,
		const struct key *keys, size_t n, void *target);
/* A text that is nothing else in YAML: numbers, true and null need quotes. *out is the node's. */
int binder__string(struct binder *b, const struct tree_node *node, const char *where,
		   const char **out);
/* Any single value, numbers included. Replaces *out by a copy, to be freed; NULL for null or "". */
int binder__text(struct binder *b, const struct tree_node *node, const char *where, char **out);
/* A whole number, not in quotes. */
int binder__number(struct binder *b, const struct tree_node *node, const char *where,
		   unsigned long min, unsigned long max, unsigned long *out);
/* YAML 1.1's words for true and false. Null leaves *out as it is. */
int binder__bool(struct binder *b, const struct tree_node *node, const char *where, bool *out);
/* The elements of a list. Anything else stands for a list of itself. */
const struct tree_node *const *binder__elements(const struct tree_node *const *node, size_t *n);
