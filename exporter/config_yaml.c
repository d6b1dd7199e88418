/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration file's schema: tables of keys, each with the function that takes its value.
 * A key that is in no table is an error, so what the file says is what happens, or it says nothing.
 */
#include "config_internal.h"
#include "grid.h"
#include "suggest.h"

#include <errno.h>
#include <math.h>

#define MAX_BUCKETS    200
#define MIN_BUCKET     1e-9   /* seconds; durations are whole nanoseconds */
#define MAX_BUCKET     1000.0 /* below 2^RP_GRID_MAX_BITS ns: no cell divides what is above that */
#define MAX_RESOLUTION 3
#define MAX_MAXACTIVE  4096 /* kernel: KRETPROBE_MAXACTIVE_MAX in trace_kprobe.c */

struct binder {
	struct loader *l;
	const char *file;
	bool preset;
	char **error;
};

struct key {
	const char *name;
	int (*bind)(struct binder *b, const struct tree_node *value, void *target);
};

#define fail(b, node, ...)                                                               \
	config__fail((b)->error,                                                         \
		     &(struct source_pos){ (b)->file, (node)->line, (node)->column, 0 }, \
		     __VA_ARGS__)

static struct source_pos position(const struct binder *b, const struct tree_node *node)
{
	return (struct source_pos){ b->file, node->line, node->column, 0 };
}

static const char *type_name(const struct tree_node *node)
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

static int unknown_key(struct binder *b, const struct tree_node *key, const char *where,
		       const struct key *keys, size_t n)
{
	__cleanup_free const char **names = xcalloc(n, sizeof(*names));
	__cleanup_free char *allowed = xstrdup("");
	__cleanup_free char *hint = NULL;

	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s%s", allowed, i ? ", " : "", keys[i].name);

		free(allowed);
		allowed = longer;
		names[i] = keys[i].name;
	}
	hint = suggest__hint(key->value, names, n);
	return fail(b, key, "unknown key \"%.80s\" in %s%s (allowed: %s)", key->value, where, hint,
		    allowed);
}

static int bind_map(struct binder *b, const struct tree_node *map, const char *where,
		    const struct key *keys, size_t n, void *target)
{
	if (map->type != TREE_MAP)
		return fail(b, map, "%s must be a mapping (key: value), not %s", where,
			    type_name(map));

	for (size_t i = 0; i < map->nkeys; i++) {
		const struct key *key = NULL;
		int err;

		for (size_t k = 0; k < n && !key; k++) {
			if (!strcmp(keys[k].name, map->keys[i]->value))
				key = &keys[k];
		}
		if (!key)
			return unknown_key(b, map->keys[i], where, keys, n);
		err = key->bind(b, map->items[i], target);
		if (err)
			return err;
	}
	return 0;
}

/* A finite decimal number; strtod alone would also take blanks, "inf", "nan" and hexadecimal. */
static bool is_number(const struct tree_node *node, double *out)
{
	char *end;

	if (node->type != TREE_SCALAR || !node->plain || !*node->value)
		return false;
	if (strspn(node->value, "0123456789.eE+-") != strlen(node->value))
		return false;
	*out = strtod(node->value, &end);
	return end != node->value && !*end && isfinite(*out);
}

/* What YAML takes for something else needs quotes to be a string. */
static int bind_string(struct binder *b, const struct tree_node *node, const char *where,
		       const char **out)
{
	static const char *const others[] = { "", "~", "null", "true", "false" };
	double number;

	if (node->type != TREE_SCALAR)
		return fail(b, node, "%s must be a string, not %s", where, type_name(node));
	for (size_t i = 0; node->plain && i < ARRAY_SIZE(others); i++) {
		if (!strcmp(node->value, others[i]))
			return fail(b, node, "%s must be a string, not %s", where,
				    *node->value ? node->value : "nothing");
	}
	if (is_number(node, &number))
		return fail(b, node,
			    "%s must be a string, not the number %.80s; quote it if it is "
			    "a name",
			    where, node->value);
	*out = node->value;
	return 0;
}

/* ---- histograms ------------------------------------------------------------------------------ */

static int bind_buckets(struct binder *b, const struct tree_node *list, void *target)
{
	struct config *c = b->l->c;
	double bound, last = 0;

	if (list->type != TREE_LIST)
		return fail(b, list, "buckets must be a list of numbers, [] for none, not %s",
			    type_name(list));
	if (list->nitems > MAX_BUCKETS)
		return fail(b, list, "%zu buckets are too many; %d are allowed", list->nitems,
			    MAX_BUCKETS);

	free(c->buckets);
	c->buckets = NULL;
	c->nbuckets = 0;
	for (size_t i = 0; i < list->nitems; i++) {
		const struct tree_node *item = list->items[i];

		if (item->type != TREE_SCALAR)
			return fail(b, item, "a bucket must be a number of seconds, not %s",
				    type_name(item));
		if (!is_number(item, &bound))
			return fail(b, item,
				    "a bucket must be a finite number of seconds, as in "
				    "0.001 or 1e-3, not \"%.80s\"%s",
				    item->value, item->plain ? "" : " in quotes");
		if (bound < MIN_BUCKET || bound > MAX_BUCKET)
			return fail(b, item, "a bucket must be from %g to %g seconds, not %.80s",
				    MIN_BUCKET, MAX_BUCKET, item->value);
		if (bound <= last)
			return fail(b, item, "buckets must ascend: %.80s stands behind %.80s",
				    item->value, list->items[i - 1]->value);
		last = bound;
		*(double *)array__grow(&c->buckets, &c->nbuckets, sizeof(bound)) = bound;
	}
	return 0;
}

static int bind_native_resolution(struct binder *b, const struct tree_node *node, void *target)
{
	struct config *c = b->l->c;
	__cleanup_free char *why = NULL;
	unsigned long schema;

	if (node->type == TREE_SCALAR && !strcmp(node->value, "off")) {
		c->native_schema = -1;
		return 0;
	}
	if (node->type != TREE_SCALAR || !node->plain ||
	    value__unsigned(node->value, 0, MAX_RESOLUTION, &schema, &why))
		return fail(b, node, "native_resolution must be 0, 1, 2, 3 or off, not %s%.80s",
			    node->type == TREE_SCALAR ? "" : type_name(node),
			    node->type == TREE_SCALAR ? node->value : "");
	c->native_schema = (int)schema;
	return 0;
}

static const struct key histogram_keys[] = {
	{ "buckets", bind_buckets },
	{ "native_resolution", bind_native_resolution },
};

/* Whether the two together can be measured is the grid's to say; asked here, the answer has a
 * place in the file. */
static int bind_histograms(struct binder *b, const struct tree_node *map, void *target)
{
	const struct config *c = b->l->c;
	__cleanup_free char *why = NULL;
	struct grid *grid = NULL;
	int err;

	err = bind_map(b, map, "histograms", histogram_keys, ARRAY_SIZE(histogram_keys), NULL);
	if (err)
		return err;
	if (grid__build(c->buckets, c->nbuckets, c->native_schema, &grid, &why))
		return fail(b, map, "histograms: %s", why ? why : "these cannot be measured");
	grid__free(grid);
	return 0;
}

/* ---- presets, defaults, probes --------------------------------------------------------------- */

static int bind_presets(struct binder *b, const struct tree_node *list, void *target)
{
	const char *name;

	if (list->type != TREE_LIST)
		return fail(b, list, "presets must be a list of names, not %s", type_name(list));
	for (size_t i = 0; i < list->nitems; i++) {
		struct source_pos pos = position(b, list->items[i]);
		int err = bind_string(b, list->items[i], "a preset's name", &name);

		if (err)
			return err;
		loader__add_preset(b->l, name, &pos);
	}
	return 0;
}

static int bind_mechanism(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	__cleanup_free char *why = NULL;
	const char *name;
	int err;

	err = bind_string(b, node, "mechanism", &name);
	if (err)
		return err;
	if (value__mechanism(name, &why))
		return fail(b, node, "mechanism: %s", why);
	list->settings.mechanism = xstrdup(name);
	return 0;
}

static int bind_maxactive(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	__cleanup_free char *why = NULL;
	unsigned long n;

	if (node->type != TREE_SCALAR || !node->plain)
		return fail(b, node, "maxactive must be a number, not %s",
			    node->type == TREE_SCALAR ? "a string" : type_name(node));
	if (value__unsigned(node->value, 1, MAX_MAXACTIVE, &n, &why))
		return fail(b, node, "maxactive: %s", why);
	list->settings.maxactive = (uint32_t)n;
	return 0;
}

static int add_pattern(struct binder *b, const struct tree_node *node, struct probe_list *list,
		       enum object_type type, const char *object)
{
	__cleanup_free char *why = NULL;
	struct pattern pattern;
	const char *text;
	int err;

	err = bind_string(b, node, "a function", &text);
	if (err)
		return err;
	if (type == OBJECT_ANY)
		err = pattern__parse(text, &pattern, &why);
	else
		err = pattern__parse_in(type, object, text, &pattern, &why);
	if (err)
		return fail(b, node, "\"%.200s\": %s", text, why);
	pattern.pos = position(b, node);
	*(struct pattern *)array__grow(&list->patterns, &list->npatterns, sizeof(pattern)) =
		pattern;
	return 0;
}

/* A string or a list of strings. */
static int add_patterns(struct binder *b, const struct tree_node *node, struct probe_list *list,
			enum object_type type, const char *object)
{
	int err = 0;

	if (list->npatterns)
		return fail(b, node,
			    "functions, syscalls and user are for one probe each; begin "
			    "another probe with '-'");
	if (node->type == TREE_SCALAR)
		return add_pattern(b, node, list, type, object);
	if (node->type != TREE_LIST)
		return fail(b, node, "functions must be a string or a list of strings, not %s",
			    type_name(node));
	if (!node->nitems)
		return fail(b, node, "an empty list; name a function");
	for (size_t i = 0; i < node->nitems && !err; i++)
		err = add_pattern(b, node->items[i], list, type, object);
	return err;
}

static int bind_functions(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_ANY, NULL);
}

static int bind_syscalls(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_SYSCALL, NULL);
}

struct user {
	const char *object;
	const struct tree_node *functions;
};

static int bind_user_object(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	int err;

	err = bind_string(b, node, "object", &user->object);
	if (err)
		return err;
	if (!strchr(user->object, '/'))
		return fail(b, node,
			    "object \"%.80s\" must be a path with a '/', as in /usr/sbin/%.80s",
			    user->object, user->object);
	return 0;
}

static int bind_user_functions(struct binder *b, const struct tree_node *node, void *target)
{
	((struct user *)target)->functions = node;
	return 0;
}

static const struct key user_keys[] = {
	{ "object", bind_user_object },
	{ "functions", bind_user_functions },
};

static int bind_user(struct binder *b, const struct tree_node *node, void *target)
{
	struct user user = {};
	int err;

	err = bind_map(b, node, "user", user_keys, ARRAY_SIZE(user_keys), &user);
	if (err)
		return err;
	if (!user.object || !user.functions)
		return fail(b, node, "user: %s is missing; it needs both object and functions",
			    user.object ? "functions" : "object");
	return add_patterns(b, user.functions, target, OBJECT_USER, user.object);
}

/* The first three say what to probe, the rest how: `defaults` may have just those. */
#define NTARGET_KEYS 3
static const struct key probe_keys[] = {
	{ "functions", bind_functions }, { "syscalls", bind_syscalls },	  { "user", bind_user },
	{ "mechanism", bind_mechanism }, { "maxactive", bind_maxactive },
};

static int bind_defaults(struct binder *b, const struct tree_node *map, void *target)
{
	return bind_map(b, map, "defaults", probe_keys + NTARGET_KEYS,
			ARRAY_SIZE(probe_keys) - NTARGET_KEYS, &b->l->defaults);
}

static int bind_probe(struct binder *b, const struct tree_node *map)
{
	struct source_pos pos = position(b, map);
	struct probe_list *list = loader__add_list(b->l, &pos, b->preset);
	int err;

	err = bind_map(b, map, "a probe", probe_keys, ARRAY_SIZE(probe_keys), list);
	if (err)
		return err;
	if (!list->npatterns)
		return fail(b, map,
			    "a probe without a target; give it functions, syscalls or "
			    "user");
	return loader__check_list(list, b->error);
}

static int bind_probes(struct binder *b, const struct tree_node *node, void *target)
{
	int err = 0;

	if (node->type != TREE_LIST)
		return fail(b, node, "probes must be a list (- functions: ...), not %s",
			    type_name(node));
	for (size_t i = 0; i < node->nitems && !err; i++)
		err = bind_probe(b, node->items[i]);
	return err;
}

static const struct key file_keys[] = {
	{ "probes", bind_probes }, /* first: all that a preset may have */
	{ "presets", bind_presets },
	{ "defaults", bind_defaults },
	{ "histograms", bind_histograms },
};

int yaml__load(struct loader *l, const char *file, const char *text, size_t len, bool preset,
	       char **error)
{
	struct binder b = { .l = l, .file = file, .preset = preset, .error = error };
	struct tree_node *root;
	int err;

	err = tree__load(text, len, file, &root, error);
	if (err || !root)
		return err;
	/* A file of comments behind a `---` has nothing in it either. */
	if (root->type != TREE_SCALAR || !root->plain || *root->value)
		err = bind_map(&b, root, preset ? "a preset" : "the configuration", file_keys,
			       preset ? 1 : ARRAY_SIZE(file_keys), NULL);
	tree__free(root);
	return err;
}
