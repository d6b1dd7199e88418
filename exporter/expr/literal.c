/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/literal.h"

#include <ctype.h>

#include "base/error.h"
#include "base/suggest.h"
#include "expr/operators.h"
#include "types/result.h"

/* ---- texts ----------------------------------------------------------------------------------- */

static bool looks_like_pattern(const char *text)
{
	const char *open = strchr(text, '[');

	return strpbrk(text, "*?") || (open && strchr(open, ']'));
}

static void make_prefix(struct rp_filter *out, size_t len)
{
	size_t in_last = (len - 1) % sizeof(out->mask) + 1;

	out->compare = out->compare == RP_EQ ? RP_PREFIX : RP_NO_PREFIX;
	out->words = (len + sizeof(__u64) - 1) / sizeof(__u64);
	memset(&out->mask, 0xff, in_last);
}

int literal__text(const struct expr *e, const struct comparison *c, struct rp_filter *out,
		  char **why)
{
	size_t max = e->format == EXPR_COMM ? RP_COMM_SIZE : RP_TEXT_SIZE;
	size_t len = strlen(c->literal);
	bool prefix = !c->quoted && len && c->literal[len - 1] == '*';
	__cleanup_free char *text = xstrndup(c->literal, len - prefix);

	if (c->compare != RP_EQ && c->compare != RP_NE)
		return error__refuse(why, "compare a text with == or !=");
	if (prefix && !*text)
		return error__refuse(why, "every text begins so: write something before the \"*\"");
	if (!c->quoted && looks_like_pattern(text)) {
		return error__refuse(
			why,
			"\"%.80s\": a pattern can only be a prefix, as in comm == py*; write the "
			"whole text or a prefix, or quote it ('%.80s') if it contains these "
			"characters",
			c->literal, c->literal);
	}
	if (len - prefix >= max) {
		return error__refuse(why,
				     "\"%.80s\" is longer than the %zu characters that are read%s",
				     text, max - 1,
				     e->format == EXPR_COMM
					     ? "; the kernel cuts command names to that length"
					     : "");
	}
	strcpy(out->text, text);
	if (prefix)
		make_prefix(out, len - 1);
	return 0;
}

/* ---- names of numbers ------------------------------------------------------------------------ */

static bool is_plain(const struct expr *e)
{
	return e->format == EXPR_SIGNED || e->format == EXPR_UNSIGNED;
}

static bool named_value(const struct expr *e, const char *text, __u64 *v)
{
	bool minus = *text == '-';
	uint64_t found;

	for (size_t i = 0; i < e->nenumerators; i++) {
		if (!strcmp(e->enumerators[i].name, text)) {
			*v = e->enumerators[i].value;
			return true;
		}
	}
	if (e->format == EXPR_BOOL && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		*v = *text == 't';
		return true;
	}
	if (e->format == EXPR_POINTER && !strcmp(text, "NULL")) {
		*v = 0;
		return true;
	}
	if ((e->format == EXPR_NAMED && value_names__find(e->names, text, &found)) ||
	    (is_plain(e) && value_names__constant(text + minus, &found))) {
		*v = minus ? -found : found;
		return true;
	}
	return false;
}

/* Names that the misspelt one may mean; *out is to be freed. */
static size_t names_of(const struct expr *e, const char ***out)
{
	static const enum value_names constants[] = { NAMES_ERRNO, NAMES_SIGNAL, NAMES_FAMILY,
						      NAMES_PROTO, NAMES_TCP_STATE };
	size_t n = 0;

	*out = NULL;
	if (e->format == EXPR_NAMED)
		return value_names__all(e->names, out);
	for (size_t i = 0; i < e->nenumerators; i++)
		*(const char **)array__grow(out, &n, sizeof(**out)) = e->enumerators[i].name;
	for (size_t i = 0; is_plain(e) && i < ARRAY_SIZE(constants); i++) {
		__cleanup_free const char **v = NULL;
		size_t of = value_names__all(constants[i], &v);

		for (size_t k = 0; k < of; k++)
			*(const char **)array__grow(out, &n, sizeof(**out)) = v[k];
	}
	return n;
}

static int not_a_number(const struct expr *e, const char *what, const char *text, char **why)
{
	__cleanup_free const char **names = NULL;
	size_t n = names_of(e, &names);
	__cleanup_free char *hint = suggest__hint(text, names, n);

	return error__refuse(why, "\"%.80s\" is not a value of %s; write a number%s%s", text, what,
			     e->nenumerators		 ? " or an enumerator"
			     : e->format == EXPR_BOOL	 ? ", true or false"
			     : e->format == EXPR_POINTER ? " or NULL"
			     : e->format == EXPR_NAMED	 ? " or a name that exists here"
							 : "",
			     hint);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Of the words about the task, only a cgroup's id has 64 bits. */
static unsigned bits_of(const struct expr *e)
{
	uint64_t most = operators__most(e);

	if (e->field.source >= RP_SOURCE_PID && e->field.source < RP_SOURCE_CHANGED &&
	    e->format != EXPR_CGROUP)
		return 32;
	return most ? 64 - __builtin_clzll(most) : 1;
}

/* The values that e can have. */
static struct range range_of(const struct expr *e)
{
	__int128 span = (__int128)1 << bits_of(e);

	if (e->format == EXPR_BOOL)
		return (struct range){ 0, 1 };
	if (e->field.number == RP_SIGNED)
		return (struct range){ -span / 2, span / 2 - 1 };
	return (struct range){ 0, span - 1 };
}

static int never(const struct expr *e, const struct comparison *c, char **why)
{
	if (e->format == EXPR_BOOL)
		return error__refuse(why, "%s is a bool: write %s == true or %s == false", c->left,
				     c->left, c->left);
	return error__refuse(why, "%s is never %s%s: it is %s number of %u bits", c->left,
			     c->compare == RP_LT   ? "less than "
			     : c->compare == RP_GT ? "more than "
						   : "",
			     c->literal, e->field.number == RP_SIGNED ? "a signed" : "an unsigned",
			     bits_of(e));
}

/* A bit that the mask has removed: x & 6 == 1. */
static bool is_masked(const struct expr *e, const struct comparison *c, uint64_t v)
{
	return e->field.number >= RP_CHANGED_UNSIGNED && c->compare == RP_EQ && v & ~e->field.mask;
}

int literal__number(const struct expr *e, const struct comparison *c, __u64 *v, char **why)
{
	const char *text = c->literal;
	struct range r = range_of(e);
	__int128 number;
	char *end;

	if (!named_value(e, text, v)) {
		errno = 0;
		if (!*text || isspace((unsigned char)*text))
			return not_a_number(e, c->left, text, why);
		*v = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
		if (*end || errno)
			return not_a_number(e, c->left, text, why);
	}
	number = e->field.number == RP_SIGNED && !isdigit((unsigned char)*text)
			 ? (__int128)(__s64)*v
		 : *text == '-' ? (__int128)(__s64)*v
				: (__int128)*v;
	if (number < r.lo || number > r.hi || is_masked(e, c, *v) ||
	    range__covered(r, c->compare, number) == COVERS_NONE)
		return never(e, c, why);
	return 0;
}
