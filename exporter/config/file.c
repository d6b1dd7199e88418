/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/file.h"

#include "base/histogram_layout.h"
#include "base/value.h"
#include "config/buckets.h"
#include "config/probe.h"
#include "config/span.h"
#include "config/targets.h"
#include "yaml/bind.h"

#define MAX_RESOLUTION 3

static struct config *config_of(const struct binder *b)
{
	return ((struct loader *)b->ctx)->c;
}

/* ---- histograms ------------------------------------------------------------------------------ */

static int bind_buckets(struct binder *b, const struct tree_node *list, void *target)
{
	return buckets__bind(b, list, &config_of(b)->buckets, &config_of(b)->nbuckets);
}

static int bind_size_buckets(struct binder *b, const struct tree_node *list, void *target)
{
	return buckets__bind_sizes(b, list, &config_of(b)->size_buckets,
				   &config_of(b)->nsize_buckets);
}

static int bind_native_resolution(struct binder *b, const struct tree_node *node, void *target)
{
	struct config *c = config_of(b);
	__cleanup_free char *why = NULL;
	unsigned long schema;

	if (node->type == TREE_SCALAR && !strcmp(node->value, "off")) {
		c->native_schema = -1;
		return 0;
	}
	if (node->type != TREE_SCALAR || !node->plain ||
	    value__unsigned(node->value, 0, MAX_RESOLUTION, &schema, &why))
		return binder__fail(b, node,
				    "native_resolution must be 0, 1, 2, 3 or off, not %.80s%s",
				    node->type == TREE_SCALAR && *node->value
					    ? node->value
					    : binder__type_name(node),
				    node->type == TREE_SCALAR && !node->plain ? " in quotes" : "");
	c->native_schema = (int)schema;
	return 0;
}

static const struct key histogram_keys[] = {
	{ "buckets", bind_buckets, "[0.001, 0.01, 0.1]" },
	{ "size_buckets", bind_size_buckets, "[64, 4096]" },
	{ "native_resolution", bind_native_resolution, "2" },
};

/* Builds the layout only to check it here, where an error has a position in the file. */
static int bind_histograms(struct binder *b, const struct tree_node *map, void *target)
{
	const struct config *c = config_of(b);
	__cleanup_free char *why = NULL;
	struct histogram_layout *layout = NULL;
	int err;

	err = binder__map(b, map, "histograms", histogram_keys, ARRAY_SIZE(histogram_keys), NULL);
	if (err)
		return err;
	if (histogram_layout__build(c->buckets, c->nbuckets, c->native_schema, &layout, &why))
		return binder__fail(b, map, "histograms: %s",
				    why ? why : "these cannot be measured");
	histogram_layout__free(layout);
	return 0;
}

/* ---- presets, defaults, probes --------------------------------------------------------------- */

/* Names of presets, and functions to exclude from them, with a '!'. */
static int bind_presets(struct binder *b, const struct tree_node *list, void *target)
{
	struct probe_list exclusions = {};
	size_t n;
	const struct tree_node *const *items = binder__elements(&list, &n);
	const char *name;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct source_pos pos = binder__position(b, items[i]);

		err = binder__string(b, items[i], "a preset's name", &name);
		if (!err && *name == '!')
			err = targets__add(b, items[i], &exclusions);
		else if (!err)
			loader__add_preset(b->ctx, name, &pos);
	}
	loader__take_list(b->ctx, &exclusions, false);
	return err;
}

static const struct key file_keys[] = {
	/* First: the only keys that a preset may have. */
	{ "probes", probe__bind_all, "[{functions: vfs_read, labels: comm}, tcp_v4_connect]" },
	{ "spans", span__bind_all,
	  "[{name: block_io, begin: {tracepoint: block:block_rq_issue, key: sector}, ...}]" },
	{ "presets", bind_presets, "[vfs, tcp]" },
	{ "defaults", probe__bind_defaults, "{labels: [comm], max_series: 1000}" },
	{ "histograms", bind_histograms, "{buckets: [0.001, 0.01, 0.1]}" },
};

static bool has_key(const struct key *keys, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(keys[i].name, name))
			return true;
	return false;
}

const char *config_file__home_of(const char *key)
{
	const char *home;

	if (has_key(file_keys, ARRAY_SIZE(file_keys), key))
		return "at the top level of the file";
	if (has_key(histogram_keys, ARRAY_SIZE(histogram_keys), key))
		return "in histograms:";
	home = probe__home_of(key);
	return home ? home : span__home_of(key);
}

int config_file__load(struct loader *l, const char *file, const char *text, size_t len, bool preset,
		      char **error)
{
	struct binder b = {
		.ctx = l,
		.file = file,
		.error = error,
		.home_of = preset ? NULL : config_file__home_of,
	};
	struct tree_node *root;
	int err;

	err = tree__load(text, len, file, &root, error);
	if (err || !root)
		return err;
	l->in_preset = preset;
	/* A `---` with nothing but comments after it makes an empty node. */
	if (root->type != TREE_SCALAR || !root->plain || *root->value)
		err = binder__map(&b, root, preset ? "a preset" : "the configuration", file_keys,
				  preset ? 2 : ARRAY_SIZE(file_keys), NULL);
	tree__free(root);
	return err;
}
