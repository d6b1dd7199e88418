/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strict YAML for whoever has a schema: text -> a tree in which every node knows its place ->
 * values, by tables of keys. What is wrong is said as "FILE:LINE:COLUMN: what, and what to do".
 */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "config/config.h"

/* Sets *error to "POS: text" on one line and returns -EINVAL. */
int config__fail(char **error, const struct source_pos *pos, const char *fmt, ...)
	__printf_like(3, 4);

/* Sets *why to a reason without a position, for the caller to give one; returns -EINVAL. */
int config__refuse(char **why, const char *fmt, ...) __printf_like(2, 3);

/* The text of a value -> the value; -EINVAL and *why, to be freed. */
int value__unsigned(const char *text, unsigned long min, unsigned long max, unsigned long *out,
		    char **why);
int value__one_of(const char *text, const char *const *names, size_t n, size_t *out, char **why);

/* ---- yaml/tree.c: the tree ---- */

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

/* *root is NULL for a text without content. */
int tree__load(const char *text, size_t len, const char *file, struct tree_node **root,
	       char **error);
void tree__free(struct tree_node *node);

/* ---- config/file.c: nodes on their way to where they belong ---- */

struct loader;

struct binder {
	struct loader *l; /* for the tables of the configuration file only */
	const char *file;
	bool preset;
	char **error;
	const struct key *key; /* whose value is being bound; NULL: none */
};

struct key {
	const char *name;
	int (*bind)(struct binder *b, const struct tree_node *value, void *target);
	const char *example; /* of a value; NULL: none */
};

#define binder__fail(b, node, ...)                                                       \
	config__fail((b)->error,                                                         \
		     &(struct source_pos){ (b)->file, (node)->line, (node)->column, 0 }, \
		     __VA_ARGS__)

static inline struct source_pos binder__position(const struct binder *b,
						 const struct tree_node *node)
{
	return (struct source_pos){ b->file, node->line, node->column, 0 };
}

/* "a list": what a node is instead of what it should be. */
const char *binder__type_name(const struct tree_node *node);
/* "WHERE must be EXPECTED, not a list, as in KEY: EXAMPLE"; -EINVAL. */
int binder__mistyped(struct binder *b, const struct tree_node *node, const char *where,
		     const char *expected);
/* `where` is for messages, as in "%s must be ...". */
int binder__map(struct binder *b, const struct tree_node *map, const char *where,
		const struct key *keys, size_t n, void *target);
int binder__string(struct binder *b, const struct tree_node *node, const char *where,
		   const char **out);
/* The elements of a list. Anything else stands for a list of itself. */
const struct tree_node *const *binder__elements(const struct tree_node *const *node, size_t *n);

#endif /* YAML_TREE_H */
