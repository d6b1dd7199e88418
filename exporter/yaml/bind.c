/* SPDX-License-Identifier: GPL-2.0-only */
#include "yaml/bind.h"

#include "base/value.h"

#include <strings.h>

#include "base/buf.h"
#include "base/suggest.h"

const char *binder__type_name(const struct tree_node *node)
{
	switch (node->type) {
	case TREE_LIST:
		return "a list";
	case TREE_MAP:
		return "a mapping";
	default:
		return node->plain && !*node->value ? "nothing" : "a single value";
	}
}

static char *example(const struct binder *b)
{
	if (!b->key || !b->key->example)
		return xstrdup("");
	return xasprintf(", as in %s: %s", b->key->name, b->key->example);
}

int binder__mistyped(struct binder *b, const struct tree_node *node, const char *where,
		     const char *expected)
{
	__cleanup_free char *as_in = example(b);

	return binder__fail(b, node, "%s must be %s, not %s%s", where, expected,
			    binder__type_name(node), as_in);
}

static int unknown_key(struct binder *b, const struct tree_node *key, const char *where,
		       const struct key *keys, size_t n)
{
	const char *home = b->home_of ? b->home_of(key->value) : NULL;
	__cleanup_free const char **names = xcalloc(n, sizeof(*names));
	__cleanup_buf struct buf allowed = {};
	__cleanup_free char *hint = NULL;

	for (size_t i = 0; i < n; i++) {
		buf__printf(&allowed, "%s%s", i ? ", " : "", keys[i].name);
		names[i] = keys[i].name;
	}
	hint = home ? xasprintf("; it belongs %s", home) : suggest__hint(key->value, names, n);
	return binder__fail(b, key, "unknown key \"%.80s\" in %s%s (allowed: %s)", key->value,
			    where, hint, buf__str(&allowed));
}

int binder__map(struct binder *b, const struct tree_node *map, const char *where,
		const struct key *keys, size_t n, void *target)
{
	const struct key *outer = b->key;

	if (map->type != TREE_MAP)
		return binder__mistyped(b, map, where, "a mapping (key: value)");

	for (size_t i = 0; i < map->nkeys; i++) {
		const struct key *key = NULL;
		int err;

		for (size_t k = 0; k < n && !key; k++) {
			if (!strcmp(keys[k].name, map->keys[i]->value))
				key = &keys[k];
		}
		if (!key)
			return unknown_key(b, map->keys[i], where, keys, n);
		b->key = key;
		err = key->bind(b, map->items[i], target);
		if (err)
			return err;
	}
	b->key = outer;
	return 0;
}

int binder__string(struct binder *b, const struct tree_node *node, const char *where,
		   const char **out)
{
	static const char *const others[] = { "~", "null", "true", "false" };
	double number;

	if (node->type != TREE_SCALAR || (node->plain && !*node->value))
		return binder__mistyped(b, node, where, "a string");
	for (size_t i = 0; node->plain && i < ARRAY_SIZE(others); i++) {
		if (!strcmp(node->value, others[i]))
			return binder__fail(b, node,
					    "%s must be a string, not %s; quote it if it is a name",
					    where, node->value);
	}
	if (tree__is_number(node, &number))
		return binder__fail(b, node,
				    "%s must be a string, not the number %.80s; quote it if it is "
				    "a name",
				    where, node->value);
	*out = node->value;
	return 0;
}

const struct tree_node *const *binder__elements(const struct tree_node *const *node, size_t *n)
{
	if ((*node)->type != TREE_LIST) {
		*n = 1;
		return node;
	}
	*n = (*node)->nitems;
	return (const struct tree_node *const *)(*node)->items;
}

int binder__text(struct binder *b, const struct tree_node *node, const char *where, char **out)
{
	if (node->type != TREE_SCALAR)
		return binder__fail(b, node, "%s must be a single value, not %s", where,
				    binder__type_name(node));
	free(*out);
	*out = tree__is_null(node) || !*node->value ? NULL : xstrdup(node->value);
	return 0;
}

int binder__bool(struct binder *b, const struct tree_node *node, const char *where, bool *out)
{
	static const char *const words[][2] = {
		{ "false", "true" },
		{ "no", "yes" },
		{ "off", "on" },
	};

	if (tree__is_null(node))
		return 0;
	for (size_t i = 0; node->type == TREE_SCALAR && node->plain && i < 2 * ARRAY_SIZE(words);
	     i++) {
		if (!strcasecmp(node->value, words[i / 2][i % 2])) {
			*out = i % 2;
			return 0;
		}
	}
	return binder__fail(b, node, "%s must be true or false", where);
}

int binder__number(struct binder *b, const struct tree_node *node, const char *where,
		   unsigned long min, unsigned long max, unsigned long *out)
{
	__cleanup_free char *why = NULL;

	if (node->type != TREE_SCALAR || (node->plain && !*node->value))
		return binder__mistyped(b, node, where, "a number");
	if (!node->plain)
		return binder__fail(b, node,
				    "%s must be a number, not a string; write it without "
				    "quotes",
				    where);
	if (value__unsigned(node->value, min, max, out, &why))
		return binder__fail(b, node, "%s: %s", where, why);
	return 0;
}
