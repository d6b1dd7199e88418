/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results are counted by class. If every class satisfies the comparison as a whole or not at all,
 * nothing has to run in the kernel: the counters of some classes are shown as errors. Otherwise the
 * class is split: the BPF program evaluates the comparison, and counts its errors separately.
 */
#include "types/result.h"

#include <ctype.h>
#include <errno.h>

#include "base/errno_names.h"
#include "bpf/outcome.h"
#include "base/error.h"
#include "base/suggest.h"

typedef __int128 number;

static const struct {
	const char *text;
	enum rp_compare compare;
} operators[] = {
	/* The longer ones first. */
	{ "==", RP_EQ }, { "!=", RP_NE }, { "<=", RP_LE }, { ">=", RP_GE },
	{ "<", RP_LT },	 { ">", RP_GT },  { "&", RP_AND },
};

size_t result__operator(const char *text, enum rp_compare *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (strncmp(text, operators[i].text, strlen(operators[i].text)))
			continue;
		*out = operators[i].compare;
		return strlen(operators[i].text);
	}
	return 0;
}

static const char *operator_text(enum rp_compare compare)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (operators[i].compare == compare)
			return operators[i].text;
	return "?";
}

/* ---- ranges of results ----------------------------------------------------------------------- */

static bool is_signed(const struct result *r)
{
	return r->kind <= RP_KIND_RAW || r->kind == RP_KIND_ENUM || r->kind == RP_KIND_VALUE;
}

/* Results from -4095 to -1 are errnos: each is counted by number, outside of the classes. */
static bool has_errnos(const struct result *r)
{
	switch (r->kind) {
	case RP_KIND_ERRNO:
	case RP_KIND_SIZE:
		return true;
	case RP_KIND_UNSIGNED:
	case RP_KIND_POINTER:
		return !r->user && r->size == 8;
	default:
		return false;
	}
}

static struct range range_of(const struct result *r)
{
	number span = (number)1 << (8 * r->size);

	if (r->kind == RP_KIND_BOOL)
		return (struct range){ 0, 1 };
	if (is_signed(r))
		return (struct range){ -span / 2, span / 2 - 1 };
	return (struct range){ 0, span - 1 };
}

/* The results in a class; false: there are none. */
static bool range_of_class(const struct result *r, enum rp_class cls, struct range *out)
{
	struct range all = range_of(r);

	if (rp_kind_is_numbered(r->kind))
		return false;
	if (has_errnos(r) && is_signed(r) && cls == RP_CLASS_NEGATIVE)
		all.hi = -RP_MAX_ERRNO - 1;
	else if (has_errnos(r) && !is_signed(r))
		all.hi -= RP_MAX_ERRNO;
	switch (cls) {
	case RP_CLASS_ZERO:
		*out = (struct range){ 0, 0 };
		return true;
	case RP_CLASS_POSITIVE:
		*out = (struct range){ 1, all.hi };
		return true;
	case RP_CLASS_NEGATIVE:
		*out = (struct range){ all.lo, all.hi < 0 ? all.hi : -1 };
		return out->lo <= out->hi;
	default:
		return false;
	}
}

static enum coverage inverse(enum coverage c)
{
	return c == COVERS_SOME ? c : c == COVERS_ALL ? COVERS_NONE : COVERS_ALL;
}

enum coverage range__covered(struct range r, enum rp_compare compare, number literal)
{
	bool inside = literal >= r.lo && literal <= r.hi;

	switch (compare) {
	case RP_EQ:
		return !inside ? COVERS_NONE : r.lo == r.hi ? COVERS_ALL : COVERS_SOME;
	case RP_LT:
		return r.hi < literal ? COVERS_ALL : r.lo < literal ? COVERS_SOME : COVERS_NONE;
	case RP_LE:
		return r.hi <= literal ? COVERS_ALL : r.lo <= literal ? COVERS_SOME : COVERS_NONE;
	case RP_NE:
		return inverse(range__covered(r, RP_EQ, literal));
	case RP_GE:
		return inverse(range__covered(r, RP_LT, literal));
	case RP_GT:
		return inverse(range__covered(r, RP_LE, literal));
	case RP_AND:
		if (r.lo == r.hi)
			return r.lo & literal ? COVERS_ALL : COVERS_NONE;
		return literal ? COVERS_SOME : COVERS_NONE;
	default: /* of texts */
		return COVERS_NONE;
	}
}

/* ---- literals -------------------------------------------------------------------------------- */

static bool is_null(const char *text)
{
	return !strcasecmp(text, "null");
}

/* "-ENOENT", for results that are read as errnos. */
static bool named_errno(const struct result *r, const char *text, number *out)
{
	char buf[16];

	if (!has_errnos(r) || text[0] != '-' || text[1] != 'E')
		return false;
	for (int err = 1; err <= RP_MAX_ERRNO; err++) {
		if (strcmp(errno_name(err, buf, sizeof(buf)), text + 1))
			continue;
		*out = -err;
		return true;
	}
	return false;
}

static bool named(const struct result *r, const char *text, number *out)
{
	for (size_t i = 0; i < r->nenumerators; i++) {
		if (strcmp(r->enumerators[i].name, text))
			continue;
		*out = r->enumerators[i].value;
		return true;
	}
	if (r->kind == RP_KIND_BOOL && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		*out = *text == 't';
		return true;
	}
	if (r->kind == RP_KIND_POINTER && is_null(text)) {
		*out = 0;
		return true;
	}
	return named_errno(r, text, out);
}

static bool number_of(const char *text, number *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	v = strtoull(digits, &end, 0);
	*out = *text == '-' ? -(number)v : (number)v;
	return !*end && !errno;
}

char *result__describe(const struct result *r)
{
	switch (r->kind) {
	case RP_KIND_POINTER:
		return xstrdup("a pointer");
	case RP_KIND_BOOL:
		return xstrdup("a bool");
	case RP_KIND_ENUM:
		return xstrdup("an enum");
	default:
		return xasprintf(is_signed(r) ? "a signed integer of %u byte%s"
					      : "an unsigned integer of %u byte%s",
				 r->size, r->size > 1 ? "s" : "");
	}
}

static int no_value(const struct result *r, const char *text, char **why)
{
	__cleanup_free const char **names = xcalloc(r->nenumerators + 1, sizeof(*names));
	__cleanup_free char *what = result__describe(r), *hint = NULL;

	for (size_t i = 0; i < r->nenumerators; i++)
		names[i] = r->enumerators[i].name;
	hint = suggest__hint(text, names, r->nenumerators);
	return error__refuse(why,
			     "\"%.80s\" is not a value of the result, which is %s; write a "
			     "number%s%s",
			     text, what,
			     r->kind == RP_KIND_POINTER ? " or null"
			     : r->kind == RP_KIND_BOOL	? ", true or false"
			     : r->nenumerators		? " or an enumerator"
			     : has_errnos(r)		? " or an error as in -ENOENT"
							: "",
			     hint);
}

/* As in C, -1 converts to the largest value of an unsigned type. */
static number converted(const struct result *r, enum rp_compare compare, number v)
{
	number span = (number)1 << (8 * r->size);
	bool equality = compare == RP_EQ || compare == RP_NE;

	if (!is_signed(r) && r->kind != RP_KIND_BOOL && equality && v < 0 && v >= -span / 2)
		return v + span;
	return v;
}

/* ---- compilation ----------------------------------------------------------------------------- */

int result__compile(const struct result *r, enum rp_compare compare, const char *literal,
		    struct result_test *out, char **why)
{
	struct range all = range_of(r), part;
	enum coverage c;
	number v;

	*out = (struct result_test){};
	if (r->kind == RP_KIND_VOID)
		return error__refuse(why, "the function returns nothing that can be compared");
	if (!named(r, literal, &v) && !number_of(literal, &v))
		return no_value(r, literal, why);
	v = converted(r, compare, v);
	c = range__covered(all, compare, v);
	if (c != COVERS_SOME) {
		__cleanup_free char *what = result__describe(r);

		return error__refuse(why,
				     c == COVERS_ALL ? "every result is %s %.80s: it is %s"
						     : "no result is %s %.80s: it is %s",
				     operator_text(compare), literal, what);
	}
	out->test = (struct rp_test){
		.literal = (uint64_t)v, .compare = compare, .is_signed = is_signed(r), .set = 1
	};
	/* A bool may be read from an integer: any value but 0 is true. */
	if (r->kind == RP_KIND_BOOL) {
		c = range__covered((struct range){ 1, 1 }, compare, v);
		out->test.compare = c == COVERS_ALL ? RP_NE : RP_EQ;
		out->test.literal = 0;
	}
	for (enum rp_class cls = 0; cls < RP_CLASS_MAX; cls++) {
		if (!range_of_class(r, cls, &part))
			continue;
		c = range__covered(part, compare, v);
		out->classes |= c == COVERS_ALL ? 1U << cls : 0;
		out->split |= c == COVERS_SOME;
	}
	return 0;
}

/* Splits "op literal". Returns the literal, to be freed. NULL: there is no operator. */
static char *take_apart(const char *text, enum rp_compare *compare)
{
	size_t n, end;

	text += strspn(text, " \t");
	n = result__operator(text, compare);
	if (!n)
		return NULL;
	text += n + strspn(text + n, " \t");
	for (end = strlen(text); end && strchr(" \t", text[end - 1]);)
		end--;
	return xstrndup(text, end);
}

int result__compile_error(const struct result *r, const char *text, struct result_test *out,
			  char **why)
{
	enum rp_compare compare;
	__cleanup_free char *literal = take_apart(text, &compare), *what = NULL;

	if (!literal)
		return error__refuse(why,
				     "\"%.80s\" compares nothing; write an operator and a "
				     "value, as in \"< 0\" or \"== null\"",
				     text);
	if (!is_null(literal) || r->kind == RP_KIND_POINTER || r->kind == RP_KIND_VOID)
		return result__compile(r, compare, literal, out, why);
	what = result__describe(r);
	return error__refuse(why, "only a pointer is null, and the result is %s; write \"%s 0\"",
			     what, operator_text(compare));
}

bool result__asks_for_null(const char *text)
{
	enum rp_compare compare;
	__cleanup_free char *literal = take_apart(text, &compare);

	return literal && is_null(literal);
}

bool result__satisfies(const struct result_test *t, int64_t value)
{
	return t->test.set && rp_compare_numbers(t->test.compare, t->test.is_signed,
						 (uint64_t)value, t->test.literal);
}

/* Values of user functions that cannot be errnos are counted like bools: 0 or not. */
enum rp_kind result__kernel_kind(const struct result *r)
{
	if (r->user && r->size == 8 && (r->kind == RP_KIND_UNSIGNED || r->kind == RP_KIND_POINTER))
		return RP_KIND_BOOL;
	return r->kind;
}
