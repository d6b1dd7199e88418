/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `probes:` and `defaults:`: the keys that say what to probe, and those that say how. Expressions
 * (labels, filters, observed values) are taken as text here, with their place: what they mean
 * depends on the function's types, which only discovery knows.
 */
#include "config_internal.h"
#include "suggest.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

#define MAX_MAXACTIVE 4096 /* kernel: KRETPROBE_MAXACTIVE_MAX in trace_kprobe.c */
#define MAX_SERIES    100000
#define MAX_MAX_RATE  1000000000000UL

/* ---- settings -------------------------------------------------------------------------------- */

static int bind_mechanism(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	__cleanup_free char *why = NULL;
	const char *name;
	int err;

	err = binder__string(b, node, "mechanism", &name);
	if (err)
		return err;
	if (value__mechanism(name, &why))
		return binder__fail(b, node, "mechanism: %s", why);
	list->settings.mechanism = xstrdup(name);
	return 0;
}

/* A whole number, not in quotes. */
static int bind_number(struct binder *b, const struct tree_node *node, const char *key,
		       unsigned long min, unsigned long max, unsigned long *out)
{
	__cleanup_free char *why = NULL;

	if (node->type != TREE_SCALAR || (node->plain && !*node->value))
		return binder__mistyped(b, node, key, "a number");
	if (!node->plain)
		return binder__fail(b, node,
				    "%s must be a number, not a string; write it without "
				    "quotes",
				    key);
	if (value__unsigned(node->value, min, max, out, &why))
		return binder__fail(b, node, "%s: %s", key, why);
	return 0;
}

static int bind_count(struct binder *b, const struct tree_node *node, const char *key,
		      unsigned long max, uint32_t *out)
{
	unsigned long n = 0;
	int err = bind_number(b, node, key, 1, max, &n);

	*out = (uint32_t)n;
	return err;
}

static int bind_max_rate(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	unsigned long n = 0;
	int err = bind_number(b, node, "max_rate", 0, MAX_MAX_RATE, &n);

	s->max_rate = n;
	s->has_max_rate = true;
	return err;
}

static int bind_maxactive(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;

	return bind_count(b, node, "maxactive", MAX_MAXACTIVE, &list->settings.maxactive);
}

static int bind_max_series(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;

	return bind_count(b, node, "max_series", MAX_SERIES, &list->settings.max_series);
}

static int bind_series_ttl(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;

	if (node->type != TREE_SCALAR || (node->plain && !*node->value))
		return binder__mistyped(b, node, "series_ttl", "a duration");
	if (!strcmp(node->value, "never"))
		s->series_ttl = INFINITY;
	else if (value__duration(node->value, &s->series_ttl, &why))
		return binder__fail(b, node, "series_ttl: %s; or never", why);
	return 0;
}

static int bind_returns(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;
	const char *text;
	int err;

	err = binder__string(b, node, "returns", &text);
	if (err)
		return err;
	if (returns__parse(text, &s->returns, &s->c_type, &why))
		return binder__fail(b, node, "returns: %s", why);
	s->returns_pos = binder__position(b, node);
	return 0;
}

/* What can be compared depends on the result's type, which only discovery knows. */
static int bind_error(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	const char *text;
	int err;

	err = binder__string(b, node, "error", &text);
	if (err)
		return err;
	if (strcmp(text, "none") && !strpbrk(text, "<>=&"))
		return binder__fail(b, node,
				    "error: \"%.80s\" compares nothing; write an operator and a "
				    "value, as in \"< 0\" or \"== null\", or none",
				    text);
	s->error.text = xstrdup(text);
	s->error.pos = binder__position(b, node);
	return 0;
}

/* ---- expressions ----------------------------------------------------------------------------- */

/* Labels that need no expression: the words of expressions that stand for themselves. */
static const char *const named_labels[] = { "comm", "pid",    "tid",	      "uid",
					    "cpu",  "cgroup", "container_id", "pod_uid" };

/* The exporter's own, those that Prometheus sets, and `name`, which observed values have. */
static const char *const reserved_labels[] = { "object",   "function", "outcome",  "value",
					       "reason",   "le",       "quantile", "job",
					       "instance", "name" };

static bool is_identifier(const char *s)
{
	if (!*s || isdigit((unsigned char)*s))
		return false;
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	}
	return true;
}

static int check_label_name(struct binder *b, const struct tree_node *node)
{
	const char *name = node->value;

	if (!is_identifier(name))
		return binder__fail(b, node,
				    "\"%.80s\" cannot be a label's name; use letters, digits and "
				    "_, and no digit at the beginning",
				    name);
	if (!strncmp(name, "__", 2))
		return binder__fail(b, node,
				    "\"%.80s\" cannot be a label's name: what begins with __ is "
				    "Prometheus's own; choose another",
				    name);
	for (size_t i = 0; i < ARRAY_SIZE(reserved_labels); i++) {
		if (!strcmp(name, reserved_labels[i]))
			return binder__fail(b, node,
					    "\"%s\" cannot be a label's name: the exporter or "
					    "Prometheus uses it; choose another, as arg_%s",
					    name, name);
	}
	return 0;
}

/* name is NULL for filters, else a node. */
static int add_expression(struct binder *b, const struct tree_node *name,
			  const struct tree_node *node, const char *where, struct expression **v,
			  size_t *n)
{
	struct expression *e;
	const char *text;
	int err;

	err = binder__string(b, node, where, &text);
	if (err)
		return err;
	if (!text[strspn(text, " \t\n")])
		return binder__fail(b, node, "an empty text; %s must be an expression", where);
	for (const char *s = text; *s; s++) {
		if (iscntrl((unsigned char)*s))
			return binder__fail(b, node,
					    "%s must be on one line, without control "
					    "characters",
					    where);
	}
	e = array__grow(v, n, sizeof(*e));
	e->name = name ? xstrdup(name->value) : NULL;
	e->text = xstrdup(text);
	e->pos = binder__position(b, node);
	return 0;
}

/* An own empty list replaces that of `defaults` too, and differs from none by its pointer. */
static void begin_expressions(struct expression **v)
{
	*v = xcalloc(1, sizeof(**v));
}

static int unknown_label(struct binder *b, const struct tree_node *node, const char *text)
{
	__cleanup_free char *hint = suggest__hint(text, named_labels, ARRAY_SIZE(named_labels));

	return binder__fail(b, node,
			    "\"%.80s\" is not a label that needs no expression%s (comm, pid, tid, "
			    "uid, cpu, cgroup, container_id or pod_uid); for others write "
			    "{name: \"expression\"}",
			    text, hint);
}

static bool is_named_label(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(named_labels); i++) {
		if (!strcmp(text, named_labels[i]))
			return true;
	}
	return false;
}

static int add_label(struct binder *b, const struct tree_node *name, const struct tree_node *node,
		     struct probe_settings *s)
{
	for (size_t i = 0; i < s->nlabels; i++) {
		if (!strcmp(s->labels[i].name, name->value))
			return binder__fail(b, name,
					    "label \"%.80s\" is given twice, first in line %d; "
					    "keep one",
					    name->value, s->labels[i].pos.line);
	}
	return add_expression(b, name, node, "a label's value", &s->labels, &s->nlabels);
}

/* A name, or a mapping of names to expressions. */
static int bind_label(struct binder *b, const struct tree_node *node, struct probe_settings *s)
{
	const char *text;
	int err = 0;

	if (node->type != TREE_MAP) {
		err = binder__string(b, node, "a label", &text);
		if (err)
			return err;
		return is_named_label(text) ? add_label(b, node, node, s)
					    : unknown_label(b, node, text);
	}
	if (!node->nkeys)
		return binder__fail(b, node, "an empty mapping; write {name: \"expression\"}");
	for (size_t i = 0; i < node->nkeys && !err; i++) {
		err = check_label_name(b, node->keys[i]);
		if (!err)
			err = add_label(b, node->keys[i], node->items[i], s);
	}
	return err;
}

static int bind_labels(struct binder *b, const struct tree_node *list, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	size_t n;
	const struct tree_node *const *items = binder__elements(&list, &n);
	int err = 0;

	begin_expressions(&s->labels);
	for (size_t i = 0; i < n && !err; i++)
		err = bind_label(b, items[i], s);
	return err;
}

static int bind_filter(struct binder *b, const struct tree_node *list, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	size_t n;
	const struct tree_node *const *items = binder__elements(&list, &n);
	int err = 0;

	begin_expressions(&s->filters);
	for (size_t i = 0; i < n && !err; i++)
		err = add_expression(b, NULL, items[i], "a filter", &s->filters, &s->nfilters);
	return err;
}

/* {name: expression}: the name is a label's value, not a label. */
static int bind_observe(struct binder *b, const struct tree_node *map, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	int err = 0;

	if (map->type != TREE_MAP)
		return binder__mistyped(b, map, "observe", "a mapping (name: expression)");
	if (map->nkeys > RP_OBSERVED)
		return binder__fail(b, map, "%zu observed values are too many; %d are allowed",
				    map->nkeys, RP_OBSERVED);
	begin_expressions(&s->observed);
	for (size_t i = 0; i < map->nkeys && !err; i++) {
		const struct tree_node *name = map->keys[i];

		if (!is_identifier(name->value))
			return binder__fail(b, name,
					    "\"%.80s\" cannot name an observed value; use letters, "
					    "digits and _, and no digit at the beginning",
					    name->value);
		err = add_expression(b, name, map->items[i], "an observed value", &s->observed,
				     &s->nobserved);
	}
	return err;
}

/* ---- targets --------------------------------------------------------------------------------- */

static int add_pattern(struct binder *b, const struct tree_node *node, struct probe_list *list,
		       enum object_type type, const char *object, const char *where)
{
	__cleanup_free char *why = NULL;
	struct pattern pattern;
	const char *text;
	int err;

	err = binder__string(b, node, where, &text);
	if (err)
		return err;
	if (type == OBJECT_ANY)
		err = pattern__parse(text, &pattern, &why);
	else
		err = pattern__parse_in(type, object, text, &pattern, &why);
	if (err)
		return binder__fail(b, node, "\"%.200s\": %s", text, why);
	pattern.pos = binder__position(b, node);
	*(struct pattern *)array__grow(&list->patterns, &list->npatterns, sizeof(pattern)) =
		pattern;
	return 0;
}

int probe__add(struct binder *b, const struct tree_node *node, struct probe_list *list)
{
	return add_pattern(b, node, list, OBJECT_ANY, NULL, "a probe");
}

static int add_patterns(struct binder *b, const struct tree_node *node, struct probe_list *list,
			enum object_type type, const char *object)
{
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);
	int err = 0;

	if (list->npatterns)
		return binder__fail(b, node,
				    "functions, syscalls and user are for one probe each; begin "
				    "another probe with '-'");
	if (!n)
		return binder__fail(b, node, "an empty list; name a function");
	for (size_t i = 0; i < n && !err; i++)
		err = add_pattern(b, items[i], list, type, object, "a function");
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

static int bind_module(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	const char *name;
	int err = binder__string(b, node, "module", &name);

	if (err)
		return err;
	if (!*name)
		return binder__fail(b, node, "an empty text; module must be a module's name");
	list->module = xstrdup(name);
	return 0;
}

/* Of a probe whose keys are all known: `module` may stand before `functions` or behind it. */
static int apply_module(struct binder *b, struct probe_list *list)
{
	__cleanup_free char *why = NULL;

	for (size_t i = 0; i < list->npatterns && list->module; i++) {
		struct pattern *p = &list->patterns[i];

		if (pattern__set_module(p, list->module, &why))
			return config__fail(b->error, &p->pos, "\"%.200s\": %s", p->text, why);
	}
	return 0;
}

struct user {
	const char *object;
	const struct tree_node *functions;
};

static int bind_user_object(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	int err;

	err = binder__string(b, node, "object", &user->object);
	if (err)
		return err;
	if (!strchr(user->object, '/'))
		return binder__fail(
			b, node,
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
	{ "object", bind_user_object, "/usr/sbin/nginx" },
	{ "functions", bind_user_functions, "[getaddrinfo]" },
};

static int bind_user(struct binder *b, const struct tree_node *node, void *target)
{
	struct user user = {};
	int err;

	err = binder__map(b, node, "user", user_keys, ARRAY_SIZE(user_keys), &user);
	if (err)
		return err;
	if (!user.object || !user.functions)
		return binder__fail(b, node,
				    "user: %s is missing; it needs both object and functions",
				    user.object ? "functions" : "object");
	return add_patterns(b, user.functions, target, OBJECT_USER, user.object);
}

/* The first ones say what to probe, the rest how: `defaults` may have just those. */
#define NTARGET_KEYS 4
static const struct key probe_keys[] = {
	{ "functions", bind_functions, "[vfs_read, \"tcp_*\", \"!tcp_v4_rcv\"]" },
	{ "syscalls", bind_syscalls, "[openat, connect]" },
	{ "user", bind_user,
	  "{object: /usr/lib/x86_64-linux-gnu/libc.so.6, functions: [getaddrinfo]}" },
	{ "module", bind_module, "kvm" },
	{ "mechanism", bind_mechanism, "kretprobe" },
	{ "maxactive", bind_maxactive, "1000" },
	{ "returns", bind_returns, "size" },
	{ "error", bind_error, "\"< 0\"" },
	{ "labels", bind_labels, "[comm, {flags: \"arg1\"}]" },
	{ "filter", bind_filter, "\"comm == rm\"" },
	{ "observe", bind_observe, "{bytes: \"count\"}" },
	{ "max_series", bind_max_series, "1000" },
	{ "series_ttl", bind_series_ttl, "1h30m" },
	{ "max_rate", bind_max_rate, "50000" },
};

const char *probe__home_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(probe_keys); i++)
		if (!strcmp(probe_keys[i].name, key))
			return "in a probe, under probes:";
	return !strcmp(key, "object") ? "in user:" : NULL;
}

int probe__bind_defaults(struct binder *b, const struct tree_node *map, void *target)
{
	return binder__map(b, map, "defaults", probe_keys + NTARGET_KEYS,
			   ARRAY_SIZE(probe_keys) - NTARGET_KEYS, &b->l->defaults);
}

/* What excludes within `functions:` has no effect beyond. */
static int check_list(const struct probe_list *list, char **error)
{
	const struct pattern *first = list->patterns;

	if (!probe_list__only_excludes(list))
		return 0;
	return config__fail(
		error, &first->pos,
		"\"%.200s\" excludes, but its list has nothing to exclude it from; add "
		"functions to the list, or move it to presets: to exclude it from presets",
		first->text);
}

static int bind_probe(struct binder *b, const struct tree_node *map)
{
	struct source_pos pos = binder__position(b, map);
	struct probe_list *list = loader__add_list(b->l, &pos, b->preset);
	int err;

	err = binder__map(b, map, "a probe", probe_keys, ARRAY_SIZE(probe_keys), list);
	if (err)
		return err;
	if (!list->npatterns)
		return binder__fail(b, map,
				    "a probe without a target; give it functions, syscalls or "
				    "user");
	err = apply_module(b, list);
	return err ? err : check_list(list, b->error);
}

/* Mappings are probes with settings. Strings are PROBEs, and one list as on the command line. */
int probe__bind_all(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list bare = {};
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (items[i]->type == TREE_MAP)
			err = bind_probe(b, items[i]);
		else
			err = probe__add(b, items[i], &bare);
	}
	loader__take_list(b->l, &bare, b->preset);
	return err;
}
