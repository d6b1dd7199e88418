/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters: an expression, a comparison and a literal; and the few words that mean more. */
#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "cgroupfs.h"
#include "expr_internal.h"
#include "suggest.h"

static const struct {
	const char *text;
	enum rp_compare compare;
} operators[] = {
	/* The longer ones first. */
	{ "==", RP_EQ }, { "!=", RP_NE }, { "<=", RP_LE }, { ">=", RP_GE },
	{ "<", RP_LT },	 { ">", RP_GT },  { "&", RP_AND },
};

static const struct {
	const char *unit;
	double ns;
} units[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "min", 60e9 }, { "h", 3600e9 },
};

static const struct {
	const char *name;
	uint32_t bit;
} outcomes[] = {
	{ "ok", RP_OUTCOME_OK },
	{ "error", RP_OUTCOME_ERROR },
	{ "null", RP_OUTCOME_NULL },
};

static char *trimmed(const char *s, size_t n)
{
	while (n && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	/* A literal may be quoted. */
	if (n >= 2 && (*s == '"' || *s == '\'') && s[n - 1] == *s)
		return xstrndup(s + 1, n - 2);
	return xstrndup(s, n);
}

/* Where the comparison is; -> is none. */
static const char *find_operator(const char *text, size_t *which)
{
	for (const char *p = text; *p; p++) {
		if (!strncmp(p, "->", 2)) {
			p++;
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
			if (!strncmp(p, operators[i].text, strlen(operators[i].text))) {
				*which = i;
				return p;
			}
		}
	}
	return NULL;
}

/* ---- the words ------------------------------------------------------------------------------- */

static int duration_filter(const char *literal, enum rp_compare compare, struct filter *out,
			   char **why)
{
	double value, ns = -1;
	uint64_t bound;
	char *end;

	value = strtod(literal, &end);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (end != literal && !strcmp(end, units[i].unit))
			ns = value * units[i].ns;
	if (!(ns >= 0) || ns > 1e18) {
		return expr__refuse(
			why,
			"\"%s\" is no duration; write a number and ns, us, ms, s, min or "
			"h, as in duration > 1ms",
			literal);
	}
	bound = (uint64_t)(ns + 0.5);
	*out = (struct filter){ .type = FILTER_DURATION, .max_ns = UINT64_MAX };
	switch (compare) {
	case RP_GT:
		out->min_ns = bound + 1;
		return 0;
	case RP_GE:
		out->min_ns = bound;
		return 0;
	case RP_LE:
		out->max_ns = bound;
		return 0;
	case RP_LT:
		if (bound) {
			out->max_ns = bound - 1;
			return 0;
		}
		return expr__refuse(why, "no duration is less than 0");
	default:
		return expr__refuse(why, "a duration is compared by <, <=, > or >=");
	}
}

static int outcome_filter(const char *literal, enum rp_compare compare, struct filter *out,
			  char **why)
{
	*out = (struct filter){ .type = FILTER_OUTCOME };
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		if (!strcmp(literal, outcomes[i].name))
			out->outcomes = outcomes[i].bit;
	if (!out->outcomes || (compare != RP_EQ && compare != RP_NE)) {
		return expr__refuse(
			why, "an outcome is compared by == or != with ok, error or null, as in "
			     "outcome == error");
	}
	if (compare == RP_NE)
		out->outcomes ^= RP_OUTCOME_OK | RP_OUTCOME_ERROR | RP_OUTCOME_NULL;
	return 0;
}

/* A cgroup's id is its directory's inode number, and its level how deep that is. */
static int cgroup_filter(const char *path, const char *root, struct filter *out, char **why)
{
	__cleanup_free char *mount = root ? xstrdup(root) : cgroupfs__mount_point();
	__cleanup_free char *full = NULL;
	struct stat st;
	int level = 0;

	if (!mount)
		return expr__refuse(why,
				    "cgroup v2 is not mounted here, which \"cgroup under\" needs");
	full = xasprintf("%s/%s", mount, path);
	/* Of v1, its inode numbers are not what programs read. */
	if (stat(full, &st) || !S_ISDIR(st.st_mode) || (!root && !cgroupfs__is_v2(full))) {
		return expr__refuse(why,
				    "there is no cgroup %s (%s); write its path below the mount of "
				    "cgroup v2, as in cgroup under /system.slice",
				    path, full);
	}
	for (const char *p = path; *p; p++)
		level += *p != '/' && (p == path || p[-1] == '/');
	*out = (struct filter){
		.type = FILTER_ENTRY,
		.entry = { .compare = RP_EQ, .literal = st.st_ino },
	};
	out->entry.field.source = RP_SOURCE_CGROUP_ANCESTOR;
	out->entry.field.offset[0] = level;
	return 0;
}

/* ---- literals ----------------------------------------------------------------------------------
 */

static int text_literal(const struct expr *e, const char *text, enum rp_compare compare,
			struct rp_filter *out, char **why)
{
	size_t max = e->format == EXPR_COMM ? RP_COMM_SIZE : RP_TEXT_SIZE;

	if (compare != RP_EQ && compare != RP_NE) {
		return expr__refuse(why, "a text is compared by == or !=");
	}
	if (strlen(text) >= max) {
		return expr__refuse(
			why, "\"%.80s\" is longer than the %zu characters that are read%s", text,
			max - 1, e->format == EXPR_COMM ? "; a command's name is cut to them" : "");
	}
	strcpy(out->text, text);
	return 0;
}

static bool named_value(const struct expr *e, const char *text, __u64 *v)
{
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
	return false;
}

static int not_a_number(const struct expr *e, const char *what, const char *text, char **why)
{
	__cleanup_free const char **names = xcalloc(e->nenumerators + 1, sizeof(*names));
	__cleanup_free char *hint = NULL;

	for (size_t i = 0; i < e->nenumerators; i++)
		names[i] = e->enumerators[i].name;
	hint = suggest__hint(text, names, e->nenumerators);
	return expr__refuse(why, "\"%.80s\" is no value of %s; write a number%s%s", text, what,
			    e->nenumerators		? " or an enumerator"
			    : e->format == EXPR_BOOL	? ", true or false"
			    : e->format == EXPR_POINTER ? " or NULL"
							: "",
			    hint);
}

static int number_literal(const struct expr *e, const char *what, const char *text, __u64 *v,
			  char **why)
{
	unsigned unused = e->field.right & 63;
	int64_t s;
	char *end;

	if (named_value(e, text, v))
		return 0;
	errno = 0;
	if (!*text || isspace((unsigned char)*text))
		return not_a_number(e, what, text, why);
	*v = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	if (*end || errno)
		return not_a_number(e, what, text, why);
	s = (int64_t)*v;
	if (e->field.is_signed
		    ? (*text != '-' && s < 0) || (unused && (int64_t)(*v << unused) >> unused != s)
		    : *text == '-' || (unused && *v >> (64 - unused))) {
		return expr__refuse(why, "%s is never %s: it has %u bits, %s a sign", what, text,
				    64 - unused, e->field.is_signed ? "with" : "without");
	}
	return 0;
}

static int entry_filter(const struct expr_scope *scope, const char *left, enum rp_compare compare,
			const char *literal, struct filter *out, char **why)
{
	static const struct expr_scope no_parameters;
	struct operand word;
	struct expr e;
	int err;

	/* A word is the word, also of a function that has a parameter of that name. */
	if (names__word(left, &word))
		scope = &no_parameters;
	err = expr__compile(scope, left, &e, why);
	if (err)
		return err;
	*out = (struct filter){ .type = FILTER_ENTRY,
				.entry = { .field = e.field, .compare = compare } };
	if (e.field.text)
		err = text_literal(&e, literal, compare, &out->entry, why);
	else
		err = number_literal(&e, left, literal, &out->entry.literal, why);
	expr__free(&e);
	return err;
}

int filter__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		    struct filter *out, char **why)
{
	__cleanup_free char *left = NULL, *right = NULL, *all = trimmed(text, strlen(text));
	enum rp_compare compare;
	const char *op;
	size_t which;

	if (!strncmp(all, "cgroup under", 12) && isspace((unsigned char)all[12])) {
		right = trimmed(all + 12, strlen(all + 12));
		return cgroup_filter(right, cgroup_root, out, why);
	}
	op = find_operator(all, &which);
	if (!op) {
		return expr__refuse(
			why,
			"\"%.80s\" compares nothing; write EXPRESSION == VALUE (or != < <= > "
			">= &), as in comm == nginx",
			all);
	}
	compare = operators[which].compare;
	left = trimmed(all, op - all);
	right = trimmed(op + strlen(operators[which].text),
			strlen(op + strlen(operators[which].text)));
	if (!*right) {
		return expr__refuse(why, "\"%.80s\" has no value behind the %s", all,
				    operators[which].text);
	}
	if (!strcmp(left, "duration"))
		return duration_filter(right, compare, out, why);
	if (!strcmp(left, "outcome"))
		return outcome_filter(right, compare, out, why);
	return entry_filter(scope, left, compare, right, out, why);
}
