/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libyaml accepts duplicate keys, aliases, tags and several documents. A configuration must not
 * have them, so the tree is built from libyaml's events, and each of these is refused with its
 * position.
 * `!name` and `*glob` without quotes are a tag and an alias in YAML. That mistake is likely, so it
 * has its own messages.
 */
#include "yaml/tree.h"

#include <math.h>
#include <yaml.h>

#include "base/source_pos.h"

#define MAX_DEPTH 16
#define MAX_NODES 200000
#define MAX_KEYS  1000 /* in one mapping: duplicates are found by comparing all */

struct reader {
	yaml_parser_t parser;
	const char *text, *file;
	size_t len, nnodes;
	char **error;
};

#define fail(r, mark, ...)                                                         \
	source_pos__fail((r)->error,                                               \
			 &(struct source_pos){ .file = (r)->file,                  \
					       .line = (int)(mark).line + 1,       \
					       .column = (int)(mark).column + 1 }, \
			 __VA_ARGS__)

/* For a wrong byte, libyaml reports only the offset. */
static yaml_mark_t mark_of_offset(const struct reader *r, size_t offset)
{
	yaml_mark_t mark = { .index = offset };

	for (size_t i = 0; i < offset && i < r->len; i++) {
		if (r->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)r->text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

/* The usual mistake, by the character at which libyaml stops. */
static const char *advice(const struct reader *r, size_t at)
{
	switch (at < r->len ? r->text[at] : 0) {
	case '\t':
		return "indent with spaces, not with tabs";
	case '@':
	case '`':
	case '%':
		return "put what begins with this character in quotes";
	case ':':
		return "begin the keys of a mapping in one column, and put a text that has ': ' in "
		       "it in quotes";
	default:
		return "check brackets and quotes, and begin the keys of a mapping in one column";
	}
}

/* `!name` and `*glob` without quotes end up here if the rest is no valid tag or alias. */
static int fail_syntax(const struct reader *r)
{
	static const struct {
		const char *context, *advice;
	} known[] = {
		{ "while scanning a tag", "put what begins with '!' in quotes" },
		{ "while scanning an alias", "put what begins with '*' in quotes" },
		{ "while scanning an anchor", "put what begins with '&' in quotes" },
	};
	const yaml_parser_t *p = &r->parser;
	const char *context = p->context ? p->context : "";
	const char *problem = p->problem ? p->problem : "unreadable text";

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(context, known[i].context))
			return fail(r, p->context_mark, "not YAML: %s %s; %s", problem, context,
				    known[i].advice);
	}
	return fail(r, p->problem_mark, "not YAML: %s%s%s; %s", problem, *context ? " " : "",
		    context, advice(r, p->problem_mark.index));
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	const yaml_parser_t *p = &r->parser;

	if (yaml_parser_parse(&r->parser, event))
		return 0;
	if (p->error == YAML_MEMORY_ERROR)
		return fail(r, p->mark, "out of memory");
	if (p->error == YAML_READER_ERROR)
		return fail(r, mark_of_offset(r, p->problem_offset),
			    "not YAML: %s; save the file as plain UTF-8 text",
			    p->problem ? p->problem : "unreadable character");
	return fail_syntax(r);
}

static struct tree_node *new_node(enum tree_type type, const yaml_mark_t *mark)
{
	struct tree_node *node = xcalloc(1, sizeof(*node));

	node->type = type;
	node->line = (int)mark->line + 1;
	node->column = (int)mark->column + 1;
	return node;
}

static int check_properties(struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor,
			    const yaml_char_t *tag)
{
	if (anchor)
		return fail(r, e->start_mark,
			    "YAML anchors (&%.80s) are not supported; write the "
			    "value out where it is used",
			    (const char *)anchor);
	if (tag)
		return fail(r, e->start_mark,
			    "%.80s without quotes is a YAML tag; quote it: "
			    "\"%.80s\"",
			    (const char *)tag, (const char *)tag);
	return 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *e, struct tree_node **out)
{
	const char *value = (const char *)e->data.scalar.value;
	int err;

	err = check_properties(r, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (err)
		return err;
	if (strlen(value) != e->data.scalar.length)
		return fail(r, e->start_mark, "a NUL character in a text; leave it out");

	*out = new_node(TREE_SCALAR, &e->start_mark);
	(*out)->value = xstrdup(value);
	(*out)->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int read_node(struct reader *r, const yaml_event_t *e, int depth, struct tree_node **out);

/* Reads the next node; *out is NULL at the event `end`. */
static int read_next(struct reader *r, yaml_event_type_t end, int depth, struct tree_node **out)
{
	yaml_event_t e;
	int err;

	*out = NULL;
	err = next_event(r, &e);
	if (err)
		return err;
	if (e.type != end)
		err = read_node(r, &e, depth, out);
	yaml_event_delete(&e);
	return err;
}

static int read_list(struct reader *r, struct tree_node *list, int depth)
{
	struct tree_node *item;
	int err;

	for (;;) {
		err = read_next(r, YAML_SEQUENCE_END_EVENT, depth, &item);
		if (err || !item)
			return err;
		*(struct tree_node **)array__grow(&list->items, &list->nitems, sizeof(item)) = item;
	}
}

static int check_key(struct reader *r, const struct tree_node *map, const struct tree_node *key)
{
	yaml_mark_t mark = { .line = key->line - 1, .column = key->column - 1 };

	if (key->type != TREE_SCALAR)
		return fail(r, mark, "a key must be a plain word");
	for (size_t i = 0; i < map->nkeys; i++) {
		if (!strcmp(map->keys[i]->value, key->value))
			return fail(r, mark,
				    "key \"%.80s\" is given twice, first in line %d; keep "
				    "one",
				    key->value, map->keys[i]->line);
	}
	if (map->nkeys == MAX_KEYS)
		return fail(r, mark, "more than %d keys in one mapping", MAX_KEYS);
	return 0;
}

static int read_map(struct reader *r, struct tree_node *map, int depth)
{
	struct tree_node *key, *value;
	int err;

	for (;;) {
		err = read_next(r, YAML_MAPPING_END_EVENT, depth, &key);
		if (err || !key)
			return err;
		err = check_key(r, map, key);
		if (err) {
			tree__free(key);
			return err;
		}
		*(struct tree_node **)array__grow(&map->keys, &map->nkeys, sizeof(key)) = key;
		err = read_next(r, YAML_NO_EVENT, depth, &value);
		if (err)
			return err;
		*(struct tree_node **)array__grow(&map->items, &map->nitems, sizeof(value)) = value;
	}
}

static int read_node(struct reader *r, const yaml_event_t *e, int depth, struct tree_node **out)
{
	bool is_list = e->type == YAML_SEQUENCE_START_EVENT;
	struct tree_node *node;
	int err;

	if (e->type == YAML_ALIAS_EVENT)
		return fail(r, e->start_mark,
			    "*%.80s without quotes is a YAML alias, which is not "
			    "supported; quote a glob: \"*%.80s\"",
			    (const char *)e->data.alias.anchor, (const char *)e->data.alias.anchor);
	if (++r->nnodes > MAX_NODES)
		return fail(r, e->start_mark, "more than %d values in one file", MAX_NODES);
	if (depth > MAX_DEPTH)
		return fail(r, e->start_mark, "nested more than %d deep", MAX_DEPTH);
	if (e->type == YAML_SCALAR_EVENT)
		return read_scalar(r, e, out);

	if (is_list)
		err = check_properties(r, e, e->data.sequence_start.anchor,
				       e->data.sequence_start.tag);
	else
		err = check_properties(r, e, e->data.mapping_start.anchor,
				       e->data.mapping_start.tag);
	if (err)
		return err;

	node = new_node(is_list ? TREE_LIST : TREE_MAP, &e->start_mark);
	err = is_list ? read_list(r, node, depth + 1) : read_map(r, node, depth + 1);
	if (err)
		tree__free(node);
	else
		*out = node;
	return err;
}

/* Reads the whole stream: at most one document, with one node. */
static int read_stream(struct reader *r, struct tree_node **root)
{
	bool end = false;
	yaml_event_t e;
	int err = 0;

	while (!err && !end) {
		err = next_event(r, &e);
		if (err)
			break;
		switch (e.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_STREAM_END_EVENT:
			end = true;
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (*root)
				err = fail(r, e.start_mark,
					   "a second document; a configuration is "
					   "one document, so remove this '---'");
			break;
		default:
			err = read_node(r, &e, 1, root);
			break;
		}
		yaml_event_delete(&e);
	}
	return err;
}

int tree__load(const char *text, size_t len, const char *file, struct tree_node **root,
	       char **error)
{
	struct reader r = { .text = text, .file = file, .len = len, .error = error };
	struct tree_node *node = NULL;
	int err;

	if (!yaml_parser_initialize(&r.parser))
		return fail(&r, r.parser.mark, "out of memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	err = read_stream(&r, &node);
	yaml_parser_delete(&r.parser);
	if (err)
		tree__free(node);
	else
		*root = node;
	return err;
}

void tree__free(struct tree_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->nkeys; i++)
		tree__free(node->keys[i]);
	for (size_t i = 0; i < node->nitems; i++)
		tree__free(node->items[i]);
	free(node->keys);
	free(node->items);
	free(node->value);
	free(node);
}

bool tree__is_null(const struct tree_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; node->type == TREE_SCALAR && node->plain && i < ARRAY_SIZE(nulls); i++)
		if (!strcmp(node->value, nulls[i]))
			return true;
	return false;
}

/* strtod alone would also accept blanks, "inf", "nan" and hexadecimal. */
bool tree__is_number(const struct tree_node *node, double *out)
{
	char *end;

	if (node->type != TREE_SCALAR || !node->plain || !*node->value)
		return false;
	if (strspn(node->value, "0123456789.eE+-") != strlen(node->value))
		return false;
	*out = strtod(node->value, &end);
	return end != node->value && !*end && isfinite(*out);
}
