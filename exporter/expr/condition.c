/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/condition.h"

#include <ctype.h>

#include "base/error.h"

#define DEPTH_MAX 16 /* of parentheses */

int condition__too_many(char **why)
{
	return error__refuse(why,
			     "more than %d comparisons that must all match and %d alternatives in "
			     "all filters; remove some",
			     RP_FILTERS, FILTER_ALTERNATIVES);
}

/* ---- groups ---------------------------------------------------------------------------------- */

struct groups {
	uint32_t v[CONDITION_FILTERS];
	size_t n;
};

struct reader {
	const struct expr_scope *scope;
	const char *cgroup_root;
	struct condition *out;
	char **why;
	int depth;
};

/* A group passes if one that has fewer filters does, so the larger one is left out. */
static int add_group(struct reader *r, struct groups *g, uint32_t group)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if ((g->v[i] & group) == g->v[i])
			return 0;
	for (size_t i = 0; i < g->n; i++)
		if ((g->v[i] & group) != group)
			g->v[n++] = g->v[i];
	g->n = n;
	if (n == CONDITION_FILTERS)
		return condition__too_many(r->why);
	g->v[g->n++] = group;
	return 0;
}

/* Joins two parts of a filter: both must pass, or any. */
static int join(struct reader *r, struct groups *to, const struct groups *with, bool any)
{
	const struct groups before = *to;
	int err = 0;

	if (any)
		to->n = 0;
	for (size_t i = 0; i < (any ? before.n : 1); i++)
		for (size_t k = 0; k < with->n && !err; k++)
			err = add_group(r, to, with->v[k] | (any ? before.v[i] : 0));
	return err;
}

/* ---- comparisons ----------------------------------------------------------------------------- */

/* Equal filters are one. */
static int add_filter(struct reader *r, const struct filter *f, uint32_t *bit)
{
	struct condition *c = r->out;
	size_t i = 0;

	while (i < c->nfilters && memcmp(&c->filter[i], f, sizeof(*f)))
		i++;
	if (i == CONDITION_FILTERS)
		return condition__too_many(r->why);
	if (i == c->nfilters)
		c->filter[c->nfilters++] = *f;
	*bit = 1U << i;
	return 0;
}

static int add_filters(struct reader *r, const struct filters *v, struct groups *out)
{
	uint32_t bit[2] = {};
	int err = 0;

	for (size_t i = 0; i < v->n && !err; i++)
		err = add_filter(r, &v->v[i], &bit[i]);
	out->n = 0;
	if (!err)
		err = add_group(r, out, v->any ? bit[0] | bit[1] : bit[0]);
	if (!err && !v->any && v->n == 2)
		err = add_group(r, out, bit[1]);
	return err;
}

/* The end of a piece of text: at the token, outside of quotes, brackets and parentheses; or its
 * end. */
static const char *find_end(const char *text, const char *token)
{
	const char *p = text;
	int open = 0;
	char quote = 0;

	for (; *p; p++) {
		quote = filter__quote(quote, text, p);
		if (quote)
			continue;
		if (!open && !strncmp(p, token, strlen(token)))
			return p;
		open += *p == '[' || *p == '(' ? 1 : (*p == ']' || *p == ')') && open ? -1 : 0;
	}
	return p;
}

static char *trimmed(const char *text, const char *end)
{
	while (text < end && isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	return xstrndup(text, end - text);
}

/* "x in ": the word, and the text after it. NULL: there is none. */
static const char *find_in(const char *text, const char **after)
{
	for (const char *p = find_end(text, "in"); *p; p = find_end(p + 1, "in")) {
		__cleanup_free char *before = trimmed(text, p);

		*after = p + 2 + strspn(p + 2, " \t");
		if (*before && isspace((unsigned char)p[-1]) &&
		    (*after > p + 2 || **after == '[') && !filter__has_operator(before))
			return p;
	}
	return NULL;
}

static int no_list(struct reader *r, const char *list)
{
	return error__refuse(r->why,
			     "\"%.80s\" is no list: write values between \"[\" and \"]\", as in "
			     "comm in [nginx, envoy]",
			     list);
}

static int add_item(struct reader *r, const char *left, const char *item, bool negated,
		    struct groups *out)
{
	struct filters v;
	struct groups g;
	int err = filter__compile_in(r->scope, left, item, negated, &v, r->why);

	if (!err)
		err = add_filters(r, &v, &g);
	return err ? err : join(r, out, &g, !negated && out->n);
}

/* Adds `left == ITEM` for each item of `[ITEM, ITEM]`, or of a range of addresses. */
static int add_items(struct reader *r, const char *left, const char *list, bool negated,
		     struct groups *out)
{
	const char *end = find_end(list + 1, "]"), *item = list + 1;
	const char *rest = *end ? end + 1 + strspn(end + 1, " \t") : end;

	if (*list != '[' && strchr(list, '/'))
		return add_item(r, left, list, negated, out);
	if (*list != '[' || !*end || *rest)
		return no_list(r, list);
	for (bool more = true; more;) {
		const char *comma = find_end(item, ",");
		__cleanup_free char *text = NULL;
		int err;

		more = comma < end;
		comma = more ? comma : end;
		text = xstrndup(item, comma - item);
		if (!text[strspn(text, " \t")])
			return error__refuse(
				r->why,
				"\"%.80s\" has an empty place: write a value there, or "
				"remove the comma",
				list);
		err = add_item(r, left, text, negated, out);
		if (err)
			return err;
		item = comma + 1;
	}
	return 0;
}

/* A comparison, or `x in [..]`, or `x not in [..]`. */
static int read_comparison(struct reader *r, const char *text, bool negated, struct groups *out)
{
	const char *list, *in = find_in(text, &list);
	__cleanup_free char *left = in ? trimmed(text, in) : NULL;
	size_t len = left ? strlen(left) : 0;
	struct filters v;
	int err;

	out->n = 0;
	if (!in) {
		err = filter__compile(r->scope, text, negated, r->cgroup_root, &v, r->why);
		return err ? err : add_filters(r, &v, out);
	}
	if (len > 4 && isspace((unsigned char)left[len - 4]) && !strcmp(left + len - 3, "not")) {
		negated = !negated;
		for (len -= 3; isspace((unsigned char)left[len - 1]);)
			left[--len] = '\0';
	}
	return add_items(r, left, list, negated, out);
}

/* ---- what joins them ------------------------------------------------------------------------- */

static int read_any(struct reader *r, const char *text, bool negated, struct groups *out);

/* What is after the "!" or "not" of a text; NULL: it has none. */
static const char *after_not(const char *text)
{
	const char *at = text + (*text == '!' ? 1 : 3);

	if (*text == '!' && text[1] != '=')
		return at + strspn(at, " \t");
	at += !strncmp(text, "not", 3) ? strspn(at, " \t") : 0;
	return !strncmp(text, "not", 3) && *at == '(' ? at : NULL;
}

/* What is in the parentheses around a text; NULL: it has none. *open: the last one is missing. */
static char *inside(const char *text, bool *open)
{
	const char *end = *text == '(' ? find_end(text + 1, ")") : NULL;

	*open = end && !*end;
	return end && *end && !end[1] ? xstrndup(text + 1, end - text - 1) : NULL;
}

static int read_part(struct reader *r, const char *text, bool negated, struct groups *out)
{
	const char *rest = after_not(text), *from = rest ? rest : text;
	bool open;
	__cleanup_free char *part = inside(from, &open);
	int err;

	if (rest && !part)
		return error__refuse(r->why,
				     "\"%.80s\": write what must not match in parentheses, as in "
				     "!(comm == sh)",
				     text);
	if (open)
		return error__refuse(r->why,
				     "\"%.80s\": a parenthesis is not closed; quote a text that "
				     "has one",
				     text);
	if (!part)
		return read_comparison(r, text, negated, out);
	if (++r->depth > DEPTH_MAX)
		return error__refuse(r->why, "a filter has too many parentheses: write it with "
					     "fewer");
	err = read_any(r, part, negated != !!rest, out);
	r->depth--;
	return err;
}

/* Reads what a token joins. any: one of these parts must pass, else all. */
static int read_joined(struct reader *r, const char *text, const char *token, bool any,
		       bool negated, struct groups *out,
		       int (*read)(struct reader *r, const char *text, bool negated,
				   struct groups *out))
{
	out->n = 0;
	for (bool more = true, first = true; more; first = false) {
		const char *end = find_end(text, token);
		__cleanup_free char *part = trimmed(text, end);
		struct groups g;
		int err;

		more = *end;
		if (!*part && (more || !first))
			return error__refuse(r->why,
					     "there is nothing on one side of the %s; write a "
					     "comparison there",
					     token);
		err = read(r, part, negated, &g);
		if (!err)
			err = join(r, out, &g, any && !first);
		if (err)
			return err;
		text = end + 2;
	}
	return 0;
}

/* By De Morgan, not all is any not. */
static int read_all(struct reader *r, const char *text, bool negated, struct groups *out)
{
	return read_joined(r, text, "&&", negated, negated, out, read_part);
}

static int read_any(struct reader *r, const char *text, bool negated, struct groups *out)
{
	return read_joined(r, text, "||", !negated, negated, out, read_all);
}

void condition__group(const struct condition *c, size_t i, struct alternatives *out)
{
	out->n = 0;
	for (size_t k = 0; k < c->nfilters; k++)
		if (c->group[i] & 1U << k)
			out->v[out->n++] = c->filter[k];
}

static bool is_mixed(const struct condition *c, size_t i)
{
	bool at_entry = false, at_return = false;

	for (size_t k = 0; k < c->nfilters; k++)
		if (c->group[i] & 1U << k)
			*(c->filter[k].type == FILTER_ENTRY ? &at_entry : &at_return) = true;
	return at_entry && at_return;
}

int condition__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		       struct condition *out, char **why)
{
	struct reader r = { .scope = scope, .cgroup_root = cgroup_root, .out = out, .why = why };
	struct groups g;
	int err;

	memset(out, 0, sizeof(*out));
	err = read_any(&r, text, false, &g);
	if (err)
		return err;
	memcpy(out->group, g.v, sizeof(out->group));
	out->ngroups = g.n;
	for (size_t i = 0; i < g.n; i++)
		if (is_mixed(out, i))
			return error__refuse(
				why,
				"\"%.80s\": comparisons of what is known at entry and of what is "
				"known at return cannot be alternatives; use a label instead",
				text);
	return 0;
}
