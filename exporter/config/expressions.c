/* SPDX-License-Identifier: GPL-2.0-only */
/* Expressions are kept as text with a position, as only discovery knows the function's types. */
#include "config/expressions.h"

#include <ctype.h>

#include "base/suggest.h"
#include "bpf/abi.h"
#include "config/named_label.h"
#include "config/probe_list.h"

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
	const char *names[NAMED_LABELS];
	__cleanup_free char *hint = NULL;

	for (size_t i = 0; i < NAMED_LABELS; i++)
		names[i] = named_labels[i].name;
	hint = suggest__hint(text, names, NAMED_LABELS);
	return binder__fail(b, node,
			    "\"%.80s\" is not a label that needs no expression%s (comm, pid, tid, "
			    "uid, cpu, cgroup, container_id or pod_uid); for others write "
			    "{name: \"expression\"}",
			    text, hint);
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
		return named_label__find(text) ? add_label(b, node, node, s)
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

int expressions__bind_labels(struct binder *b, const struct tree_node *list, void *target)
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

int expressions__bind_filter(struct binder *b, const struct tree_node *list, void *target)
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
int expressions__bind_observe(struct binder *b, const struct tree_node *map, void *target)
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
