/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/alternatives.h"

#include <ctype.h>

#include "base/error.h"

int alternatives__too_many(char **why)
{
	return error__refuse(why, "more than %d alternatives in all filters; remove some",
			     FILTER_ALTERNATIVES);
}

struct reader {
	const struct expr_scope *scope;
	const char *cgroup_root;
	struct alternatives *out;
	char **why;
};

/* The end of a piece of text: at the token, outside of quotes and brackets; or its end. */
static const char *find_end(const char *text, const char *token)
{
	const char *p = text;
	int brackets = 0;
	char quote = 0;

	for (; *p; p++) {
		quote = filter__quote(quote, text, p);
		if (quote)
			continue;
		if (!brackets && !strncmp(p, token, strlen(token)))
			return p;
		brackets += *p == '[' ? 1 : *p == ']' && brackets ? -1 : 0;
	}
	return p;
}

/* "x in [": the word, and the text after the bracket. NULL: there is none. */
static const char *find_in(const char *text, const char **list)
{
	for (const char *p = find_end(text, "in"); *p; p = find_end(p + 1, "in")) {
		const char *after = p + 2 + strspn(p + 2, " \t");

		if (p == text || !isspace((unsigned char)p[-1]) || *after != '[' ||
		    strspn(text, " \t") == (size_t)(p - text))
			continue;
		*list = after + 1;
		return p;
	}
	return NULL;
}

static int add(struct reader *r, const char *text)
{
	struct filter f, *to = &r->out->v[r->out->n];
	int err = filter__compile(r->scope, text, r->cgroup_root, &f, r->why);
	size_t n;

	if (err)
		return err;
	n = 1 + f.either_sign;
	if (r->out->n && (f.type == FILTER_ENTRY) != (r->out->v[0].type == FILTER_ENTRY))
		return error__refuse(
			r->why,
			"\"%.80s\" and what is before it cannot be alternatives: one is "
			"known at entry, the other at return; use a label instead",
			text);
	if (r->out->n + n > FILTER_ALTERNATIVES)
		return error__refuse(r->why, "more than %d alternatives; remove some",
				     FILTER_ALTERNATIVES);
	for (size_t i = 0; i < n; i++)
		to[i] = f;
	if (f.either_sign)
		to[1].entry.literal = -to[0].entry.literal;
	r->out->n += n;
	return 0;
}

/* Adds `left == ITEM` for each item of `ITEM, ITEM]`. */
static int add_items(struct reader *r, const char *left, const char *list)
{
	const char *end = find_end(list, "]"), *item = list;
	const char *rest = *end ? end + 1 + strspn(end + 1, " \t") : end;

	if (!*end || *rest)
		return error__refuse(
			r->why,
			"\"[%.80s\" is no list: write values between \"[\" and \"]\", as in "
			"comm in [nginx, envoy]",
			list);
	for (bool more = true; more;) {
		const char *comma = find_end(item, ",");
		__cleanup_free char *text = NULL, *comparison = NULL;
		int err;

		more = comma < end;
		comma = more ? comma : end;
		text = xstrndup(item, comma - item);
		if (!text[strspn(text, " \t")])
			return error__refuse(
				r->why,
				"\"[%.80s\" has an empty place: write a value there, or "
				"remove the comma",
				list);
		comparison = xasprintf("%s == %s", left, text);
		err = add(r, comparison);
		if (err)
			return err;
		item = comma + 1;
	}
	return 0;
}

/* A comparison, or `x in [..]`. */
static int add_piece(struct reader *r, const char *text)
{
	const char *list, *in = find_in(text, &list);
	__cleanup_free char *left = in ? xstrndup(text, in - text) : NULL;
	size_t len = left ? strlen(left) : 0;

	if (!in)
		return add(r, text);
	while (len && isspace((unsigned char)left[len - 1]))
		left[--len] = '\0';
	if (len > 4 && isspace((unsigned char)left[len - 4]) && !strcmp(left + len - 3, "not"))
		return error__refuse(
			r->why,
			"\"%.80s\": \"not in\" is not supported; write a filter with != "
			"for each value",
			text);
	return add_items(r, left, list);
}

int alternatives__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
			  struct alternatives *out, char **why)
{
	struct reader r = { scope, cgroup_root, out, why };

	out->n = 0;
	for (bool more = true; more;) {
		const char *end = find_end(text, "||");
		__cleanup_free char *piece = xstrndup(text, end - text);
		int err;

		more = *end;
		if (!piece[strspn(piece, " \t")])
			return error__refuse(why, "there is nothing on one side of the ||; write a "
						  "comparison there");
		err = add_piece(&r, piece);
		if (err)
			return err;
		text = end + 2;
	}
	return 0;
}
