/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A C declaration is written from its name outwards: pointers and the base type to the left, arrays
 * and parameters to the right. So two walks over the same chain of types print it: left() before
 * the name, right() after it.
 *
 * The types may be hostile: a chain may loop, a name may have any length. So chains, names and
 * texts are limited.
 */
#include "types/declaration.h"

#include <ctype.h>

#include "base/buf.h"

#define DEPTH_MAX  32 /* compilers make shorter chains */
#define NAME_LIMIT 256
#define TEXT_MAX   4096 /* bytes; further parameters are left out */

/* Whether the next word needs a space before it. */
static bool ends_in_word(const struct buf *out)
{
	char last = out->len ? out->data[out->len - 1] : ' ';

	return isalnum((unsigned char)last) || strchr("_})]>", last);
}

static void word(struct buf *out, const char *s)
{
	if (*s && ends_in_word(out))
		buf__putc(out, ' ');
	buf__printf(out, "%.*s", NAME_LIMIT, s);
}

/* The common spelling of an integer type: "long" for the compiler's "long int". */
static const char *usual_name(const char *name)
{
	static const char *const names[][2] = {
		{ "long int", "long" },
		{ "long unsigned int", "unsigned long" },
		{ "long long int", "long long" },
		{ "long long unsigned int", "unsigned long long" },
		{ "short int", "short" },
		{ "short unsigned int", "unsigned short" },
		{ "_Bool", "bool" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	}
	return name;
}

/* The type behind qualifiers; false for void. */
static bool unqualified(const struct decl_types *types, uint64_t id, struct decl_type *out)
{
	for (int depth = 0; depth < DEPTH_MAX && id; depth++) {
		*out = (struct decl_type){};
		if (!types->look(types->source, id, out))
			return false;
		if (out->kind != DECL_QUALIFIER)
			return true;
		id = out->target;
	}
	return false;
}

/* Whether a pointer to this type needs parentheses: (*f)(int). */
static bool binds_right(const struct decl_types *types, uint64_t id)
{
	struct decl_type t;

	return unqualified(types, id, &t) && (t.kind == DECL_ARRAY || t.kind == DECL_FUNCTION);
}

static void left(const struct decl_types *types, uint64_t id, struct buf *out, int depth);

static void left_pointer(const struct decl_types *types, const struct decl_type *t, struct buf *out,
			 int depth)
{
	left(types, t->target, out, depth + 1);
	if (binds_right(types, t->target))
		word(out, "(");
	if (t->name) {
		word(out, *t->name ? t->name : "{...}");
		buf__puts(out, "::");
		buf__puts(out, t->word);
		return;
	}
	word(out, t->word);
}

/* The qualifier of a pointer follows the '*'; other types have it in front. */
static void left_qualifier(const struct decl_types *types, const struct decl_type *t,
			   struct buf *out, int depth)
{
	struct decl_type target;
	bool behind = unqualified(types, t->target, &target) && target.kind == DECL_POINTER;

	if (!behind)
		word(out, t->word);
	left(types, t->target, out, depth + 1);
	if (behind)
		word(out, t->word);
}

static void left(const struct decl_types *types, uint64_t id, struct buf *out, int depth)
{
	struct decl_type t = {};

	if (!id) {
		word(out, "void");
		return;
	}
	if (depth > DEPTH_MAX || !types->look(types->source, id, &t)) {
		word(out, "...");
		return;
	}
	switch (t.kind) {
	case DECL_NAMED:
		word(out, t.word);
		word(out, t.name && *t.name ? usual_name(t.name) : "{...}");
		return;
	case DECL_POINTER:
		left_pointer(types, &t, out, depth);
		return;
	case DECL_QUALIFIER:
		left_qualifier(types, &t, out, depth);
		return;
	case DECL_ARRAY:
	case DECL_FUNCTION:
		left(types, t.target, out, depth + 1);
		return;
	}
}

static void right(const struct decl_types *types, uint64_t id, struct buf *out, int depth);

static void parameters(const struct decl_types *types, uint64_t function, struct buf *out,
		       int depth)
{
	struct decl_parameter p = {};
	uint64_t at = 0;
	bool any = false;

	buf__putc(out, '(');
	while (out->len < TEXT_MAX && types->parameter(types->source, function, &at, &p)) {
		if (any)
			buf__puts(out, ", ");
		any = true;
		if (p.rest) {
			buf__puts(out, "...");
		} else {
			left(types, p.type, out, depth);
			word(out, p.name);
			right(types, p.type, out, depth);
		}
		p = (struct decl_parameter){};
	}
	buf__puts(out, any ? ")" : "void)");
}

static void right(const struct decl_types *types, uint64_t id, struct buf *out, int depth)
{
	struct decl_type t = {};

	if (!id || depth > DEPTH_MAX || !types->look(types->source, id, &t) || t.kind == DECL_NAMED)
		return;
	if (t.kind == DECL_POINTER && binds_right(types, t.target))
		buf__putc(out, ')');
	if (t.kind == DECL_ARRAY)
		buf__puts(out, t.bounds);
	if (t.kind == DECL_FUNCTION)
		parameters(types, id, out, depth + 1);
	right(types, t.target, out, depth + 1);
}

void declaration__print(const struct decl_types *types, uint64_t type, const char *name,
			struct buf *out)
{
	left(types, type, out, 0);
	if (name)
		word(out, name);
	right(types, type, out, 0);
}

void declaration__before(const struct decl_types *types, uint64_t type, struct buf *out)
{
	left(types, type, out, 0);
	if (ends_in_word(out))
		buf__putc(out, ' ');
}

void declaration__behind(const struct decl_types *types, uint64_t type, struct buf *out)
{
	right(types, type, out, 0);
}
