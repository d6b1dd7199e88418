/* SPDX-License-Identifier: GPL-2.0-only */
/* Expressions are kept as text with a position, as only discovery knows the function's types. */
#include "config/expressions.h"

#include <ctype.h>

#include "base/error.h"
#include "base/suggest.h"
#include "bpf/abi.h"
#include "config/named_label.h"

/* The exporter's own, those that Prometheus sets, and those of observed values and counters. */
static const char *const reserved_labels[] = { "object",   "function", "outcome",  "value",
					       "reason",   "le",       "quantile", "job",
					       "instance", "name",     "counter",  "event",
					       "span",	   "probe" };

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

static int check_label_name(const char *name, char **why)
{
	if (!is_identifier(name))
		return error__refuse(
			why,
			"\"%.80s\" cannot be a label's name; use letters, digits and _, "
			"and no digit at the beginning",
			name);
	if (!strncmp(name, "__", 2))
		return error__refuse(why,
				     "\"%.80s\" cannot be a label's name: what begins with __ is "
				     "Prometheus's own; choose another",
				     name);
	for (size_t i = 0; i < ARRAY_SIZE(reserved_labels); i++) {
		if (!strcmp(name, reserved_labels[i]))
			return error__refuse(why,
					     "\"%s\" cannot be a label's name: the exporter or "
					     "Prometheus uses it; choose another, as arg_%s",
					     name, name);
	}
	return 0;
}

/* what: "an observed value" */
static int check_name(const char *name, const char *what, char **why)
{
	if (is_identifier(name))
		return 0;
	return error__refuse(why,
			     "\"%.80s\" cannot name %s; use letters, digits and _, and no digit at "
			     "the beginning",
			     name, what);
}

static int check_text(const char *text, const char *where, char **why)
{
	if (!text[strspn(text, " \t\n")])
		return error__refuse(why, "an empty text; %s must be an expression", where);
	for (const char *s = text; *s; s++) {
		if (iscntrl((unsigned char)*s))
			return error__refuse(
				why, "%s must be on one line, without control characters", where);
	}
	return 0;
}

static void append(struct expression **v, size_t *n, const char *name, const char *text,
		   const struct source_pos *pos)
{
	struct expression *e = array__grow(v, n, sizeof(*e));

	e->name = name ? xstrdup(name) : NULL;
	e->text = xstrdup(text);
	e->pos = *pos;
}

static char *unknown_label(const char *text)
{
	const char *names[NAMED_LABELS];
	__cleanup_free char *hint = NULL;

	for (size_t i = 0; i < NAMED_LABELS; i++)
		names[i] = named_labels[i].name;
	hint = suggest__hint(text, names, NAMED_LABELS);
	return xasprintf(
		"\"%.80s\" is not a label that needs no expression%s (comm, pid, tid, uid, "
		"cpu, cgroup, container_id, pod_uid, caller or caller[2])",
		text, hint);
}

/* Whether a label has the name already. */
static int check_twice(const struct probe_settings *s, const char *name, char **why)
{
	for (size_t i = 0; i < s->nlabels; i++) {
		const struct source_pos *pos = &s->labels[i].pos;

		if (!strcmp(s->labels[i].name, name))
			return error__refuse(
				why, "label \"%.80s\" is given twice, first in %s %d; keep one",
				name, pos->line ? "line" : "argument",
				pos->line ? pos->line : pos->argument);
	}
	return 0;
}

/* ---- the command line ------------------------------------------------------------------------ */

int expressions__add_label(struct probe_settings *s, const char *text, const struct source_pos *pos,
			   char **why)
{
	const char *equals = strchr(text, '=');
	const struct named_label *named = equals ? NULL : named_label__find(text);
	__cleanup_free char *name =
		equals ? xstrndup(text, equals - text) : xstrdup(named ? named->label : text);
	__cleanup_free char *unknown = NULL;
	int err;

	if (!equals && !named) {
		unknown = unknown_label(name);
		return error__refuse(why, "%s; for others write NAME=EXPRESSION", unknown);
	}
	err = equals ? check_label_name(name, why) : 0;
	if (!err)
		err = check_twice(s, name, why);
	if (!err && equals)
		err = check_text(equals + 1, "a label's value", why);
	if (!err)
		append(&s->labels, &s->nlabels, name, equals ? equals + 1 : text, pos);
	return err;
}

int expressions__add_observed(struct probe_settings *s, const char *text,
			      const struct source_pos *pos, char **why)
{
	const char *equals = strchr(text, '=');
	__cleanup_free char *name = xstrndup(text, equals ? equals - text : 0);
	int err;

	if (!equals)
		return error__refuse(why, "\"%.80s\" has no name; write NAME=EXPRESSION", text);
	if (s->nobserved == RP_OBSERVED)
		return error__refuse(why, "more than %d observed values are too many", RP_OBSERVED);
	err = check_name(name, "an observed value", why);
	for (size_t i = 0; i < s->nobserved && !err; i++)
		if (!strcmp(s->observed[i].name, name))
			err = error__refuse(why, "\"%.80s\" is given twice; keep one", name);
	if (!err)
		err = check_text(equals + 1, "an observed value", why);
	if (!err)
		append(&s->observed, &s->nobserved, name, equals + 1, pos);
	return err;
}

int expressions__add_filter(struct probe_settings *s, const char *text,
			    const struct source_pos *pos, char **why)
{
	int err = check_text(text, "a filter", why);

	if (!err)
		append(&s->filters, &s->nfilters, NULL, text, pos);
	return err;
}

int expressions__add_when(struct sampling *s, const char *text, const struct source_pos *pos,
			  char **why)
{
	int err = check_text(text, "when", why);

	if (!err)
		append(&s->when, &s->nwhen, NULL, text, pos);
	return err;
}

/* ---- YAML ------------------------------------------------------------------------------------ */

/* Passes on err and a reason without a position. */
static int refuse(struct binder *b, const struct tree_node *node, int err, char *const *why)
{
	return err ? binder__fail(b, node, "%s", *why ? *why : "") : 0;
}

/* name is NULL for filters. */
static int add_expression(struct binder *b, const char *name, const struct tree_node *node,
			  const char *where, struct expression **v, size_t *n)
{
	struct source_pos pos = binder__position(b, node);
	__cleanup_free char *why = NULL;
	const char *text;
	int err;

	err = binder__string(b, node, where, &text);
	if (!err)
		err = refuse(b, node, check_text(text, where, &why), &why);
	if (!err)
		append(v, n, name, text, &pos);
	return err;
}

/* An own empty list replaces that of `defaults` too, and differs from none by its pointer. */
static void begin_expressions(struct expression **v)
{
	*v = xcalloc(1, sizeof(**v));
}

/* at: the node that has the name. */
static int add_label(struct binder *b, const struct tree_node *at, const char *name,
		     const struct tree_node *node, struct probe_settings *s)
{
	__cleanup_free char *why = NULL;
	int err = refuse(b, at, check_twice(s, name, &why), &why);

	return err ? err
		   : add_expression(b, name, node, "a label's value", &s->labels, &s->nlabels);
}

/* A name, or a mapping of names to expressions. */
static int bind_label(struct binder *b, const struct tree_node *node, struct probe_settings *s)
{
	__cleanup_free char *why = NULL;
	const struct named_label *named;
	const char *text;
	int err = 0;

	if (node->type != TREE_MAP) {
		err = binder__string(b, node, "a label", &text);
		if (err)
			return err;
		named = named_label__find(text);
		if (named)
			return add_label(b, node, named->label, node, s);
		why = unknown_label(text);
		return binder__fail(b, node, "%s; for others write {name: \"expression\"}", why);
	}
	if (!node->nkeys)
		return binder__fail(b, node, "an empty mapping; write {name: \"expression\"}");
	for (size_t i = 0; i < node->nkeys && !err; i++) {
		err = refuse(b, node->keys[i], check_label_name(node->keys[i]->value, &why), &why);
		if (!err)
			err = add_label(b, node->keys[i], node->keys[i]->value, node->items[i], s);
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

int expressions__bind_list(struct binder *b, const struct tree_node *list, const char *where,
			   struct expression **v, size_t *nv)
{
	size_t n;
	const struct tree_node *const *items = binder__elements(&list, &n);
	int err = 0;

	begin_expressions(v);
	for (size_t i = 0; i < n && !err; i++)
		err = add_expression(b, NULL, items[i], where, v, nv);
	return err;
}

int expressions__bind_filter(struct binder *b, const struct tree_node *list, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;

	return expressions__bind_list(b, list, "a filter", &s->filters, &s->nfilters);
}

int expressions__bind_when(struct binder *b, const struct tree_node *list, void *target)
{
	struct sampling *s = target;

	return expressions__bind_list(b, list, "when", &s->when, &s->nwhen);
}

/* {name: expression}: the name is no label. what: for messages, one and several. */
static int bind_named(struct binder *b, const struct tree_node *map, const char *key,
		      const char *const what[2], size_t max, struct expression **v, size_t *n)
{
	__cleanup_free char *why = NULL;
	int err = 0;

	if (map->type != TREE_MAP)
		return binder__mistyped(b, map, key, "a mapping (name: expression)");
	if (map->nkeys > max)
		return binder__fail(b, map, "%zu %s are too many; %zu are allowed", map->nkeys,
				    what[1], max);
	begin_expressions(v);
	for (size_t i = 0; i < map->nkeys && !err; i++) {
		const struct tree_node *name = map->keys[i];

		err = refuse(b, name, check_name(name->value, what[0], &why), &why);
		if (!err)
			err = add_expression(b, name->value, map->items[i], what[0], v, n);
	}
	return err;
}

int expressions__bind_observe(struct binder *b, const struct tree_node *map, void *target)
{
	static const char *const what[] = { "an observed value", "observed values" };
	struct probe_settings *s = &((struct probe_list *)target)->settings;

	return bind_named(b, map, "observe", what, RP_OBSERVED, &s->observed, &s->nobserved);
}

int expressions__bind_show(struct binder *b, const struct tree_node *map, void *target)
{
	static const char *const what[] = { "a shown value", "shown values" };
	struct sampling *s = target;

	return bind_named(b, map, "show", what, SAMPLE_SHOWN_MAX, &s->show, &s->nshow);
}
