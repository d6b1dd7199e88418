/* SPDX-License-Identifier: GPL-2.0-only */
/* A filter is an expression, an operator and a literal. duration, outcome and ret are special. */
#include "expr/filter.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/duration.h"
#include "base/error.h"
#include "expr/address.h"
#include "expr/expr.h"
#include "expr/literal.h"
#include "expr/names.h"
#include "expr/operators.h"
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

/* The comparison that holds where this one does not. That of RP_AND depends on what is compared. */
static enum rp_compare inverse(enum rp_compare compare)
{
	static const enum rp_compare inverses[] = {
		[RP_EQ] = RP_NE, [RP_NE] = RP_EQ, [RP_LT] = RP_GE,   [RP_LE] = RP_GT,
		[RP_GT] = RP_LE, [RP_GE] = RP_LT, [RP_AND] = RP_AND,
	};

	return inverses[compare];
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
static int cgroup_filter(const char *path, bool negated, const char *root, struct filter *out,
			 char **why)
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
		.entry = { .compare = negated ? RP_NE : RP_EQ, .literal = st.st_ino },
	};
	out->entry.field.source = RP_SOURCE_CGROUP_ANCESTOR;
	out->entry.field.offset[0] = level;
	return 0;
}

/* ---- expressions ----------------------------------------------------------------------------- */

/* A comparison with an error of either sign. */
static int errno_filter(const struct comparison *c, struct filters *out, char **why)
{
	if (c->compare != RP_EQ && c->compare != RP_NE)
		return error__refuse(
			why, "compare errno() with == or !=: it is for errors of either sign; "
			     "leave it out, as in x < 0");
	out->v[1] = out->v[0];
	out->v[1].entry.literal = -out->v[0].entry.literal;
	out->n = 2;
	out->any = c->compare == RP_EQ;
	return 0;
}

static int number_filter(struct expr *e, const struct comparison *c, struct filters *out,
			 char **why)
{
	struct rp_filter *entry = &out->v[0].entry;
	int err = literal__number(e, c, &entry->literal, why);

	if (err)
		return err;
	if (c->compare == RP_AND && c->negated) {
		operators__mask(e, entry->literal);
		*entry = (struct rp_filter){ .field = e->field, .compare = RP_EQ };
	}
	if (e->format == EXPR_NAMED && e->names == NAMES_ERRNO)
		return errno_filter(c, out, why);
	return 0;
}

/* Adds a filter like the first one, on the bits of a field. all: those that it has. */
static void add_word(struct filters *out, const struct rp_field *field, uint64_t literal,
		     uint64_t mask, uint64_t all)
{
	struct filter *f = &out->v[out->n];
	struct expr word = { .field = *field };

	if (!mask)
		return;
	if (mask != all)
		operators__mask(&word, mask);
	*f = out->v[0];
	f->entry.field = word.field;
	f->entry.literal = literal;
	out->n++;
}

static int address_filter(const struct expr *e, const struct comparison *c, struct filters *out,
			  char **why)
{
	uint64_t all = e->format == EXPR_IP6 ? UINT64_MAX : UINT32_MAX;
	struct address a;
	int err = address__read(e, c, &a, why);

	if (err)
		return err;
	out->n = 0;
	out->any = c->compare == RP_NE;
	add_word(out, &e->field, a.literal[0], a.mask[0], all);
	add_word(out, &e->second, a.literal[1], a.mask[1], all);
	return 0;
}

static int entry_filter(const struct expr_scope *scope, const struct comparison *c,
			struct filters *out, char **why)
{
	static const struct expr_scope no_parameters;
	struct filter *f = &out->v[0];
	struct operand word;
	struct expr e;
	int err;

	/* A word takes precedence over a parameter of that name. */
	if (names__word(c->left, &word))
		scope = &no_parameters;
	err = expr__compile(scope, c->left, &e, why);
	if (err)
		return err;
	*f = (struct filter){ .type = FILTER_ENTRY,
			      .entry = { .field = e.field, .compare = c->compare },
			      .path = e.path };
	if (e.field.text)
		err = literal__text(&e, c, &f->entry, why);
	else if (e.format == EXPR_IP4 || e.format == EXPR_IP6)
		err = address_filter(&e, c, out, why);
	else
		err = number_filter(&e, c, out, why);
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
	if (c->compare == RP_AND && c->negated)
		return error__refuse(
			why,
			"\"%s & %s\": bits of the result cannot be tested for being 0; "
			"compare the result with numbers",
			c->left, c->literal);
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
			struct filters *out, char **why)
{
	if (names__is_parameter(scope, c->left))
		return entry_filter(scope, c, out, why);
	return error__refuse(why,
			     "\"%s\": there is no result and no duration here; compare fields or "
			     "parameters",
			     c->left);
}

/* Samples are chosen when the call returns, and parameters are not kept until then. */
static int not_of_return(const char *what, char **why)
{
	return error__refuse(
		why,
		"\"%.80s\" is not known when the call returns, and that is when "
		"samples are chosen; compare duration, outcome, ret or value here, and "
		"write others under filter:",
		what);
}

static int compile(const struct expr_scope *scope, const struct comparison *c, struct filters *out,
		   char **why)
{
	struct filter *f = &out->v[0];

	*out = (struct filters){ .n = 1 };
	if (scope->is_when && !is_of_return(c->left))
		return not_of_return(c->left, why);
	if (scope->is_point && is_of_return(c->left))
		return point_filter(scope, c, out, why);
	if (!strcmp(c->left, "duration"))
		return duration_filter(c->literal, c->compare, f, why);
	if (!strcmp(c->left, "outcome"))
		return outcome_filter(c->literal, c->compare, f, why);
	if (is_result(scope, c->left))
		return result_filter(scope, c, f, why);
	return entry_filter(scope, c, out, why);
}

int filter__compile_in(const struct expr_scope *scope, const char *left, const char *value,
		       bool negated, struct filters *out, char **why)
{
	__cleanup_free char *literal = trimmed(value, strlen(value));
	const struct comparison c = {
		.left = left,
		.literal = literal,
		.compare = negated ? RP_NE : RP_EQ,
		.quoted = strchr("\"'", value[strspn(value, " \t")]),
		.is_in = true,
	};

	return compile(scope, &c, out, why);
}

int filter__compile(const struct expr_scope *scope, const char *text, bool negated,
		    const char *cgroup_root, struct filters *out, char **why)
{
	__cleanup_free char *left = NULL, *right = NULL, *all = trimmed(text, strlen(text));
	struct comparison c = { .negated = negated };
	const char *op;
	size_t len;

	if (!strncmp(all, "cgroup under", 12) && isspace((unsigned char)all[12])) {
		right = trimmed(all + 12, strlen(all + 12));
		*out = (struct filters){ .n = 1 };
		return scope->is_when ? not_of_return(all, why)
				      : cgroup_filter(right, negated, cgroup_root, &out->v[0], why);
	}
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
	c.compare = negated ? inverse(c.compare) : c.compare;
	return compile(scope, &c, out, why);
}

bool filter__has_operator(const char *text)
{
	enum rp_compare compare;
	size_t len;

	return find_operator(text, &compare, &len) && compare != RP_AND;
}
