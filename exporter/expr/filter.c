/* SPDX-License-Identifier: GPL-2.0-only */
/* A filter is an expression, an operator and a literal. duration, outcome and ret are special. */
#include "expr/filter.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/duration.h"
#include "base/error.h"
#include "expr/expr.h"
#include "expr/literal.h"
#include "expr/names.h"
#include "kernel/cgroupfs.h"

static const struct {
	const char *name;
	uint32_t bit;
} outcomes[] = {
	{ "ok", RP_OUTCOME_OK },
	{ "error", RP_OUTCOME_ERROR },
	{ "null", RP_OUTCOME_NULL },
	{ "restarted", RP_OUTCOME_RESTARTED },
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

char filter__quote(char quote, const char *text, const char *at)
{
	if (quote)
		return *at == quote ? 0 : quote;
	if (at > text && isalnum((unsigned char)at[-1]))
		return 0;
	return *at == '"' || *at == '\'' ? *at : 0;
}

/* Finds the operator and its length: the first comparison, or else the last "&". "->" and shifts
 * are none. */
static const char *find_operator(const char *text, enum rp_compare *compare, size_t *len)
{
	const char *mask = NULL;
	char quote = 0;

	for (const char *p = text; *p; p++) {
		quote = filter__quote(quote, text, p);
		if (quote)
			continue;
		if (!strncmp(p, "->", 2) || !strncmp(p, "<<", 2) || !strncmp(p, ">>", 2)) {
			p++;
			continue;
		}
		*len = result__operator(p, compare);
		if (*len && *compare != RP_AND)
			return p;
		mask = *len ? p : mask;
	}
	*compare = RP_AND;
	*len = 1;
	return mask;
}

static int check_operators(const char *text, char **why)
{
	char quote = 0;

	for (const char *p = text; *p; p++) {
		quote = filter__quote(quote, text, p);
		if (!quote && !strncmp(p, "&&", 2))
			return error__refuse(
				why,
				"\"%.80s\": && is not supported; write each comparison as a "
				"separate filter: calls must match all of them",
				text);
	}
	return 0;
}

/* ---- the words ------------------------------------------------------------------------------- */

static int duration_filter(const char *literal, enum rp_compare compare, struct filter *out,
			   char **why)
{
	static const struct duration_unit units[] = { { "ns", 1 },     { "us", 1e3 },
						      { "ms", 1e6 },   { "s", 1e9 },
						      { "min", 60e9 }, { "h", 3600e9 },
						      { NULL, 0 } };
	uint64_t bound;
	double ns;

	if (!duration__parse(literal, units, DURATION_SINGLE, &ns) || ns < 0 || ns > 1e18) {
		return error__refuse(
			why,
			"\"%s\" is not a duration; write a number and ns, us, ms, s, min or "
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
		return error__refuse(why, "no duration is less than 0");
	default:
		return error__refuse(why, "compare a duration with <, <=, > or >=");
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
		return error__refuse(
			why, "compare an outcome with == or != and ok, error, null or restarted, "
			     "as in outcome == error");
	}
	if (compare == RP_NE)
		out->outcomes ^= RP_OUTCOME_ALL;
	return 0;
}

/* The id of a cgroup is the inode number of its directory, its level the depth of the directory. */
static int cgroup_filter(const char *path, const char *root, struct filter *out, char **why)
{
	__cleanup_free char *mount = root ? xstrdup(root) : cgroupfs__mount_point();
	__cleanup_free char *full = NULL;
	struct stat st;
	int level = 0;

	if (!mount)
		return error__refuse(why,
				     "\"cgroup under\" needs cgroup v2, which is not mounted here");
	full = xasprintf("%s/%s", mount, path);
	/* BPF programs read ids of cgroup v2 only. */
	if (stat(full, &st) || !S_ISDIR(st.st_mode) || (!root && !cgroupfs__is_v2(full))) {
		return error__refuse(
			why,
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

/* ---- expressions ----------------------------------------------------------------------------- */

static int entry_filter(const struct expr_scope *scope, const struct comparison *c,
			struct filter *out, char **why)
{
	static const struct expr_scope no_parameters;
	struct operand word;
	struct expr e;
	int err;

	/* A word takes precedence over a parameter of that name. */
	if (names__word(c->left, &word))
		scope = &no_parameters;
	err = expr__compile(scope, c->left, &e, why);
	if (err)
		return err;
	*out = (struct filter){ .type = FILTER_ENTRY,
				.entry = { .field = e.field, .compare = c->compare },
				.path = e.path };
	if (e.field.text)
		err = literal__text(&e, c, &out->entry, why);
	else
		err = literal__number(&e, c, &out->entry.literal, why);
	out->either_sign = e.format == EXPR_NAMED && e.names == NAMES_ERRNO;
	if (!err && out->either_sign && c->compare != RP_EQ)
		err = error__refuse(
			why, "compare errno() with == only: it is for errors of either sign; "
			     "leave it out, as in x != -ENOENT");
	expr__free(&e);
	return err;
}

/* ---- the result ------------------------------------------------------------------------------ */

static bool is_result(const struct expr_scope *scope, const char *name)
{
	return !strcmp(name, "ret") ||
	       (!strcmp(name, "value") && !names__is_parameter(scope, name));
}

/* `value` is spelt as in /metrics: ENOENT for -ENOENT. */
static int result_filter(const struct expr_scope *scope, const struct comparison *c,
			 struct filter *out, char **why)
{
	bool shown = !strcmp(c->left, "value") && *c->literal == 'E' &&
		     (c->compare == RP_EQ || c->compare == RP_NE);
	__cleanup_free char *negative = xasprintf("-%s", c->literal), *reason = NULL;
	struct result_test test;
	int err = -EINVAL;

	if (!scope->result.size)
		return error__refuse(why, "\"%s\": there is no result here", c->left);
	if (shown)
		err = result__compile(&scope->result, c->compare, negative, &test, &reason);
	if (err)
		err = result__compile(&scope->result, c->compare, c->literal, &test, why);
	*out = (struct filter){ .type = FILTER_RESULT, .result = test.test };
	return err;
}

static bool is_of_return(const char *name)
{
	static const char *const names[] = { "duration", "outcome", "ret", "value" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* A field or parameter may have such a name. */
static int point_filter(const struct expr_scope *scope, const struct comparison *c,
			struct filter *out, char **why)
{
	if (names__is_parameter(scope, c->left))
		return entry_filter(scope, c, out, why);
	return error__refuse(why,
			     "\"%s\": there is no result and no duration here; compare fields or "
			     "parameters",
			     c->left);
}

static int compile(const struct expr_scope *scope, const struct comparison *c, struct filter *out,
		   char **why)
{
	if (scope->is_point && is_of_return(c->left))
		return point_filter(scope, c, out, why);
	if (!strcmp(c->left, "duration"))
		return duration_filter(c->literal, c->compare, out, why);
	if (!strcmp(c->left, "outcome"))
		return outcome_filter(c->literal, c->compare, out, why);
	if (is_result(scope, c->left))
		return result_filter(scope, c, out, why);
	return entry_filter(scope, c, out, why);
}

int filter__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		    struct filter *out, char **why)
{
	__cleanup_free char *left = NULL, *right = NULL, *all = trimmed(text, strlen(text));
	struct comparison c = {};
	const char *op;
	size_t len;

	if (!strncmp(all, "cgroup under", 12) && isspace((unsigned char)all[12])) {
		right = trimmed(all + 12, strlen(all + 12));
		return cgroup_filter(right, cgroup_root, out, why);
	}
	if (check_operators(all, why))
		return -EINVAL;
	op = find_operator(all, &c.compare, &len);
	if (!op) {
		return error__refuse(
			why,
			"\"%.80s\" compares nothing; write EXPRESSION == VALUE (or != < <= > "
			">= &), as in comm == nginx",
			all);
	}
	left = trimmed(all, op - all);
	right = trimmed(op + len, strlen(op + len));
	if (!*right) {
		return error__refuse(why, "\"%.80s\" has no value after %.*s", all, (int)len, op);
	}
	c.left = left;
	c.literal = right;
	c.quoted = strchr("\"'", op[len + strspn(op + len, " \t")]);
	return compile(scope, &c, out, why);
}
