/* SPDX-License-Identifier: GPL-2.0-only */
/* A span becomes a list of its own, with one pattern: its name. */
#include "config/span.h"

#include <ctype.h>

#include "base/value.h"
#include "bpf/abi.h"
#include "config/expressions.h"
#include "config/loader.h"
#include "config/probe.h"
#include "config/usdt_name.h"

#define MAX_MAX_RUNNING 1000000

/* ---- points ---------------------------------------------------------------------------------- */

/* The text of a point, which is the only one of it. */
static int bind_text(struct binder *b, const struct tree_node *node, struct span_point *p,
		     enum point_kind kind, const char *what)
{
	const char *text;
	int err = binder__string(b, node, what, &text);

	if (err)
		return err;
	if (p->event)
		return binder__fail(b, node,
				    "\"%.200s\": two points in one; each is an element "
				    "of a list of its own",
				    text);
	p->kind = kind;
	p->event = xstrdup(text);
	return 0;
}

static int bind_event(struct binder *b, const struct tree_node *node, struct span_point *p,
		      enum object_type type, const char *form)
{
	__cleanup_free char *why = NULL, *text = take_ptr(p->event);
	struct pattern pattern;
	int err = 0;

	if (pattern__parse_in(type, NULL, text, &pattern, &why))
		return binder__fail(b, node, "\"%.200s\": %s", text, why);
	if (pattern.glob || pattern.exclude || pattern.nfunctions > 1)
		err = binder__fail(b, node,
				   "\"%.200s\": a point of a span is one tracepoint; write %s",
				   text, form);
	else
		p->event = xstrdup(pattern.functions[0]);
	pattern__free(&pattern);
	return err;
}

static int bind_tracepoint(struct binder *b, const struct tree_node *node, void *target)
{
	int err = bind_text(b, node, target, POINT_TRACEPOINT, "tracepoint");

	return err ? err : bind_event(b, node, target, OBJECT_TRACEPOINT, "SUBSYSTEM:EVENT");
}

static int bind_raw_tracepoint(struct binder *b, const struct tree_node *node, void *target)
{
	int err = bind_text(b, node, target, POINT_RAW_TRACEPOINT, "raw_tracepoint");

	return err ? err : bind_event(b, node, target, OBJECT_RAW_TRACEPOINT, "its name");
}

/* FUNCTION of the kernel, or PATH:FUNCTION. */
static int bind_function(struct binder *b, const struct tree_node *node, struct span_point *p,
			 enum point_kind kind, const char *what)
{
	__cleanup_free char *why = NULL;
	struct pattern pattern;
	int err = bind_text(b, node, p, kind, what);

	if (err)
		return err;
	if (pattern__parse(p->event, &pattern, &why))
		return binder__fail(b, node, "\"%.200s\": %s", p->event, why);
	if ((pattern.type != OBJECT_ANY && pattern.type != OBJECT_USER) || pattern.glob ||
	    pattern.exclude || pattern.nfunctions > 1) {
		err = binder__fail(
			b, node,
			"\"%.200s\": a point of a span is one function: of the kernel by its name "
			"alone, or PATH:FUNCTION",
			p->event);
	} else {
		p->object = take_ptr(pattern.object);
		p->function = xstrdup(pattern.functions[0]);
	}
	pattern__free(&pattern);
	return err;
}

static int bind_entry(struct binder *b, const struct tree_node *node, void *target)
{
	return bind_function(b, node, target, POINT_ENTRY, "function");
}

/* Return probes of the kernel lose calls of functions that sleep (attach/kretprobe.c). */
static int bind_return(struct binder *b, const struct tree_node *node, void *target)
{
	struct span_point *p = target;
	int err = bind_function(b, node, p, POINT_RETURN, "return");

	if (err || p->object)
		return err;
	return binder__fail(b, node,
			    "\"%.200s\": only functions of programs have returns here; begin or "
			    "end the span at the entry of a function of the kernel, or measure the "
			    "function itself",
			    p->event);
}

static int bind_usdt(struct binder *b, const struct tree_node *node, void *target)
{
	struct span_point *p = target;
	int err = bind_text(b, node, p, POINT_USDT, "usdt");
	__cleanup_free char *why = NULL;
	const char *name;

	if (err)
		return err;
	if (usdt_name__split(p->event, &p->object, &name, &why))
		return binder__fail(b, node, "\"%.200s\": %s", p->event, why);
	p->function = xstrdup(name);
	return 0;
}

static int bind_key(struct binder *b, const struct tree_node *node, void *target)
{
	struct span_point *p = target;

	return expressions__bind_list(b, node, "a part of a key", &p->key, &p->nkey);
}

static int bind_filter(struct binder *b, const struct tree_node *node, void *target)
{
	struct span_point *p = target;

	return expressions__bind_list(b, node, "a filter", &p->filters, &p->nfilters);
}

static const struct key point_keys[] = {
	{ "tracepoint", bind_tracepoint, "block:block_rq_issue" },
	{ "raw_tracepoint", bind_raw_tracepoint, "block_rq_issue" },
	{ "function", bind_entry, "tcp_v4_connect" },
	{ "return", bind_return, "/usr/lib/libworker.so:next_job" },
	{ "usdt", bind_usdt, "/usr/lib/postgresql/15/bin/postgres:query__start" },
	{ "key", bind_key, "[dev, sector]" },
	{ "filter", bind_filter, "\"error == 0\"" },
};

static int bind_point(struct binder *b, const struct tree_node *node, struct span_point *p)
{
	const char *role = span_role_names[p->role];
	int err = binder__map(b, node, role, point_keys, ARRAY_SIZE(point_keys), p);

	if (err)
		return err;
	if (!p->event || !p->nkey)
		return binder__fail(
			b, node,
			"%s: %s is missing; a point has a tracepoint, raw_tracepoint, "
			"function, return or usdt, and a key that tells the spans apart",
			role, p->event ? "key" : "tracepoint");
	if (p->nkey > RP_SPAN_KEYS)
		return binder__fail(b, node, "%s: a key of %zu parts; %d are allowed", role,
				    p->nkey, RP_SPAN_KEYS);
	return 0;
}

/* A point, or a list of them. */
static int bind_points(struct binder *b, const struct tree_node *node, struct probe_list *list,
		       enum span_role role)
{
	struct span_settings *s = list->settings.span;
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct span_point *p = array__grow(&s->points, &s->npoints, sizeof(*p));

		*p = (struct span_point){ .role = role, .pos = binder__position(b, items[i]) };
		err = bind_point(b, items[i], p);
	}
	return err;
}

static int bind_begin(struct binder *b, const struct tree_node *node, void *target)
{
	return bind_points(b, node, target, SPAN_BEGIN);
}

static int bind_end(struct binder *b, const struct tree_node *node, void *target)
{
	return bind_points(b, node, target, SPAN_END);
}

static int bind_cancel(struct binder *b, const struct tree_node *node, void *target)
{
	return bind_points(b, node, target, SPAN_CANCEL);
}

/* ---- a span ---------------------------------------------------------------------------------- */

static bool is_name(const char *s)
{
	bool starts = isalpha((unsigned char)*s) || *s == '_';

	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return starts && !*s;
}

static int bind_name(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	__cleanup_free char *why = NULL;
	struct pattern pattern;
	const char *text;
	int err = binder__string(b, node, "name", &text);

	if (err)
		return err;
	if (!is_name(text))
		return binder__fail(b, node,
				    "\"%.80s\" cannot be a span's name; use letters, digits and _, "
				    "and no digit at the beginning",
				    text);
	if (pattern__parse_in(OBJECT_SPAN, "span", text, &pattern, &why))
		return binder__fail(b, node, "%s", why);
	pattern.pos = binder__position(b, node);
	*(struct pattern *)array__grow(&list->patterns, &list->npatterns, sizeof(pattern)) =
		pattern;
	return 0;
}

static int bind_outcome(struct binder *b, const struct tree_node *node, void *target)
{
	struct span_settings *s = ((struct probe_list *)target)->settings.span;
	const char *text;
	int err = binder__string(b, node, "outcome", &text);

	if (err)
		return err;
	s->outcome.text = xstrdup(text);
	s->outcome.pos = binder__position(b, node);
	return 0;
}

static int bind_labels_at(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const names[] = { "begin", "end" };
	struct span_settings *s = ((struct probe_list *)target)->settings.span;
	__cleanup_free char *why = NULL;
	const char *text;
	size_t i;
	int err = binder__string(b, node, "labels_at", &text);

	if (err)
		return err;
	if (value__one_of(text, names, ARRAY_SIZE(names), &i, &why))
		return binder__fail(b, node, "labels_at: %s", why);
	s->labels_at = i ? SPAN_END : SPAN_BEGIN;
	return 0;
}

static int bind_max_running(struct binder *b, const struct tree_node *node, void *target)
{
	struct span_settings *s = ((struct probe_list *)target)->settings.span;

	return probe__bind_count(b, node, "max_running", MAX_MAX_RUNNING, &s->max_running);
}

static const struct key span_keys[] = {
	{ "name", bind_name, "block_io" },
	{ "begin", bind_begin, "{tracepoint: block:block_rq_issue, key: [dev, sector]}" },
	{ "end", bind_end, "{tracepoint: block:block_rq_complete, key: [dev, sector]}" },
	{ "cancel", bind_cancel, "{tracepoint: block:block_rq_requeue, key: [dev, sector]}" },
	{ "labels", expressions__bind_labels, "[{device: \"blkdev(dev)\"}]" },
	{ "labels_at", bind_labels_at, "end" },
	{ "outcome", bind_outcome, "error" },
	{ "max_running", bind_max_running, "10000" },
	{ "buckets", probe__bind_buckets, "[0.01, 0.1, 1]" },
	{ "max_series", probe__bind_max_series, "1000" },
	{ "keep", probe__bind_keep, "top" },
	{ "by", probe__bind_by, "errors" },
	{ "series_ttl", probe__bind_series_ttl, "1h30m" },
	{ "max_rate", probe__bind_max_rate, "50000" },
	{ "max_cpu", probe__bind_max_cpu, "1%" },
};

/* Keys of points are like those of probes: there, similar keys are a better hint. */
const char *span__home_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(span_keys); i++)
		if (!strcmp(span_keys[i].name, key))
			return "in a span, under spans:";
	return NULL;
}

/* By role; within one, in the order of the file. */
static int compare_points(const void *a, const void *b)
{
	const struct span_point *x = a, *y = b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return x->pos.line != y->pos.line ? x->pos.line - y->pos.line
					  : x->pos.column - y->pos.column;
}

static bool has_role(const struct span_settings *s, enum span_role role)
{
	for (size_t i = 0; i < s->npoints; i++)
		if (s->points[i].role == role)
			return true;
	return false;
}

static int check_points(struct binder *b, const struct tree_node *map,
			const struct probe_list *list)
{
	const struct span_settings *s = list->settings.span;
	const struct span_point *p = s->points;

	if (!list->npatterns || !has_role(s, SPAN_BEGIN) || !has_role(s, SPAN_END))
		return binder__fail(b, map, "a span without %s; it needs name, begin and end",
				    !list->npatterns	      ? "a name"
				    : has_role(s, SPAN_BEGIN) ? "end"
							      : "begin");
	if (s->npoints > SPAN_POINTS_MAX)
		return binder__fail(b, map, "a span of %zu points; %d are allowed", s->npoints,
				    SPAN_POINTS_MAX);
	for (size_t i = 1; i < s->npoints; i++)
		if (p[i].nkey != p[0].nkey)
			return source_pos__fail(
				b->error, &p[i].pos,
				"the key of %s has %zu parts, and that of begin %zu; "
				"the same values in the same order tell which span it is",
				span_role_names[p[i].role], p[i].nkey, p[0].nkey);
	return 0;
}

static int bind_span(struct binder *b, const struct tree_node *map)
{
	struct source_pos pos = binder__position(b, map);
	struct loader *l = b->ctx;
	struct probe_list *list = loader__add_list(l, &pos, l->in_preset);
	struct span_settings *s = list->settings.span = xcalloc(1, sizeof(*s));
	int err;

	s->max_running = MAX_RUNNING_DEFAULT;
	err = binder__map(b, map, "a span", span_keys, ARRAY_SIZE(span_keys), list);
	if (err)
		return err;
	if (s->npoints)
		qsort(s->points, s->npoints, sizeof(*s->points), compare_points);
	return check_points(b, map, list);
}

int span__bind_all(struct binder *b, const struct tree_node *node, void *target)
{
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = bind_span(b, items[i]);
	return err;
}
