/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recursive descent over one line of text. The parser follows types, so that it can report a
 * mistake at its place, with the names that are valid there. The result is an operand: the pointers
 * that were followed, and the offset of the value from the last one. operand__finish() checks
 * the value.
 */
#include "expr/expr.h"

#include <ctype.h>

#include "expr/functions.h"
#include "expr/names.h"
#include "expr/operators.h"

#define TEXT_MAX  1024
#define DEPTH_MAX 32 /* of parentheses */

/* ---- members and elements ---- */

/* Refuses an operand that is not a struct before `->` or `.`. */
static int no_struct(struct parser *p, const struct operand *o, const char *op)
{
	__cleanup_free char *type = ctype__text(p->scope->btf, o->type), *part = parser__part(p);

	if (o->is_text)
		return parser__refuse(p, "is text and has no members");
	if (o->is_word || o->is_value)
		return parser__refuse(p, "is a number and has no members");
	if (o->type.plain == &plain_word)
		return parser__refuse(p,
				      "has no type, so \"%s\" cannot follow it: start with a "
				      "parameter's name, or write str(%.60s) for text",
				      op, part);
	return parser__refuse(p, "is of type %s: it has no members", type);
}

/* Checks that o is a struct, or for `->` a pointer to one, and makes it the struct. */
static int enter(struct parser *p, struct operand *o, bool arrow, struct shape *s)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *part = parser__part(p), *type = NULL;
	struct shape is = ctype__shape(btf, o->type);
	bool user = false;

	if (o->is_text || o->is_word || o->is_value)
		return no_struct(p, o, arrow ? "->" : ".");
	type = ctype__text(btf, o->type);
	if (is.kind == SHAPE_ARRAY)
		return parser__refuse(p, "is an array (%s): select an element, as in %.120s[0]",
				      type, part);
	if (is.kind == SHAPE_POINTER && !arrow)
		return parser__refuse(p, "is a pointer (%s): use \"->\" after it, not \".\"", type);
	if (is.kind == SHAPE_STRUCT && arrow)
		return parser__refuse(p, "is a %s, not a pointer: use \".\" after it, not \"->\"",
				      type);
	if (is.kind == SHAPE_POINTER) {
		struct ctype target = ctype__pointee(btf, o->type, &user);

		is = ctype__shape(btf, target);
		if (is.kind == SHAPE_STRUCT) {
			o->type = target;
			*s = is;
			return operand__follow(p, o, user);
		}
		if (is.kind == SHAPE_OTHER)
			return parser__refuse(p,
					      "is of type %s: %s does not describe its "
					      "target, or the target has no members",
					      type,
					      p->scope->places ? "the debug information of this "
								 "function's source file"
							       : "this kernel's BTF");
	}
	*s = is;
	return is.kind == SHAPE_STRUCT ? 0 : no_struct(p, o, arrow ? "->" : ".");
}

static int parse_member(struct parser *p, struct operand *o, bool arrow)
{
	__cleanup_free char *part = NULL, *members = NULL, *type = NULL;
	const struct btf *btf = p->scope->btf;
	const char *op = p->at;
	char name[PARSER_NAME_MAX + 1];
	struct member m;
	struct shape s = {};
	int err;

	p->at -= arrow ? 2 : 1; /* messages quote the text before it */
	err = enter(p, o, arrow, &s);
	p->at = op;
	if (err)
		return err;
	err = parser__take_name(p, name);
	if (err)
		return err;
	part = parser__part(p);
	if (ctype__find_member(btf, s.btf, name, &m)) {
		o->type = m.type;
		o->bits = m.bits;
		return operand__advance(p, o, m.bit);
	}
	type = ctype__text(btf, o->type);
	members = ctype__members(btf, s.btf, *name ? name : NULL);
	if (!*name)
		return parser__refuse(p, "ends without a member's name: %s has %s", type, members);
	return error__refuse(p->why, "\"%.120s\": %s has %s", part, type, members);
}

/* Takes `N]`. */
static int take_index(struct parser *p, uint32_t *out)
{
	char *end = NULL;
	unsigned long n = 0;

	parser__skip(p);
	if (isdigit((unsigned char)*p->at)) {
		n = strtoul(p->at, &end, 10);
		p->at = end;
	}
	if (end && n <= INT32_MAX && parser__take(p, "]")) {
		*out = n;
		return 0;
	}
	return parser__refuse(p, "has an invalid index: write a whole number and \"]\"");
}

static int parse_index(struct parser *p, struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *before = NULL, *type = ctype__text(btf, o->type);
	struct shape s = ctype__shape(btf, o->type);
	struct ctype element = {};
	uint64_t size, bits;
	bool user = false, untyped;
	uint32_t n = 0, nelems = 0;
	int err;

	p->at--;
	before = parser__part(p);
	p->at++;
	err = take_index(p, &n);
	if (err)
		return err;
	untyped = o->is_text || o->is_word || o->is_value;
	if (untyped || (s.kind != SHAPE_ARRAY && s.kind != SHAPE_POINTER))
		return error__refuse(p->why, "\"%.120s\" is neither an array nor a pointer%s%s",
				     before, untyped ? "" : ", but of type ", untyped ? "" : type);
	if (s.kind == SHAPE_ARRAY) {
		element = ctype__element(&s);
		nelems = btf_array(s.btf)->nelems; /* 0: unknown */
	} else {
		element = ctype__pointee(btf, o->type, &user);
	}
	size = ctype__size(btf, element);
	if (!size)
		return error__refuse(p->why,
				     "\"%.120s\" is of type %s: the size of its elements is "
				     "unknown",
				     before, type);
	if (nelems && n >= nelems)
		return error__refuse(p->why, "\"%.120s\" is of type %s: its last element is [%u]",
				     before, type, nelems - 1);
	err = s.kind == SHAPE_POINTER ? operand__follow(p, o, user) : 0;
	o->type = element;
	o->bits = 0;
	if (!err && __builtin_mul_overflow(size * 8, (uint64_t)n, &bits))
		bits = UINT64_MAX;
	return err ? err : operand__advance(p, o, bits);
}

/* ---- functions ---- */

static int parse_expr(struct parser *p, struct operand *o);

/* Takes the second argument of a function: the text up to the parenthesis. *out is to be freed. */
static int take_second(struct parser *p, const char *what, char **out)
{
	const char *end;
	size_t len;

	if (!parser__take(p, ","))
		return parser__refuse(p, "lacks a second argument: write \", \" and %s", what);
	parser__skip(p);
	end = p->at + strcspn(p->at, ")");
	for (len = end - p->at; len && isspace((unsigned char)p->at[len - 1]);)
		len--;
	if (!len)
		return parser__refuse(p, "lacks a second argument: write \", \" and %s", what);
	*out = xstrndup(p->at, len);
	p->at = end;
	return 0;
}

/* Takes the arguments of a function, and the parenthesis. f: NULL for str(). */
static int parse_call(struct parser *p, const struct function *f, struct operand *o)
{
	const char *outer = p->start;
	__cleanup_free char *second = NULL;
	int err;

	parser__skip(p);
	p->start = p->at;
	err = parse_expr(p, o);
	if (!err && f && functions__second(f))
		err = take_second(p, functions__second(f), &second);
	if (!err)
		err = f ? functions__apply(p, f, o, second) : operand__make_text(p, o);
	p->start = outer;
	if (!err && !parser__take(p, ")"))
		return parser__refuse(p, "lacks the closing \")\"");
	return err;
}

/* Takes what is in parentheses. */
static int parse_group(struct parser *p, struct operand *o)
{
	static const char *const types[] = { "struct", "union", "enum", "const", "unsigned",
					     "char",   "short", "int",	"long",	 "void",
					     "u8",     "u16",	"u32",	"u64",	 "size_t" };
	const char *first = p->at;
	char name[PARSER_NAME_MAX + 1];
	int err = parser__take_name(p, name);

	for (size_t i = 0; !err && i < ARRAY_SIZE(types); i++)
		if (!strcmp(name, types[i]) && !names__is_parameter(p->scope, name))
			return error__refuse(
				p->why, "\"(%.60s\": write a cast as in cast(arg0, struct file)",
				first);
	p->at = first;
	if (!err)
		err = parse_expr(p, o);
	if (!err && !parser__take(p, ")"))
		return parser__refuse(p, "lacks the closing \")\"");
	return err;
}

/* ---- expressions ---- */

static int no_name(struct parser *p)
{
	char c = *p->at;

	if (!c)
		return error__refuse(
			p->why, "the expression is empty or incomplete: start with a parameter's "
				"name, as in file->f_inode->i_ino");
	if (c == '*')
		return error__refuse(p->why, "\"%.60s\": write x[0] instead of *x", p->at);
	if (c == '&')
		return error__refuse(p->why, "\"%.60s\": cannot take addresses; remove the \"&\"",
				     p->at);
	return error__refuse(p->why,
			     "\"%.60s\" does not start with a name: write a parameter, followed by "
			     "->member, .member or [0], or str(...) around these",
			     p->at);
}

static int parse_first(struct parser *p, struct operand *o)
{
	char name[PARSER_NAME_MAX + 1];
	const struct function *f;
	int err;

	if (parser__take(p, "("))
		return parse_group(p, o);
	err = parser__take_name(p, name);
	if (err || !*name)
		return err ? err : no_name(p);
	if (!parser__take(p, "("))
		return names__resolve(p, name, o);
	f = functions__find(name);
	if (!f && strcmp(name, "str"))
		return functions__refuse(p, name);
	return parse_call(p, f, o);
}

static int parse_unary(struct parser *p, struct operand *o)
{
	int err = parse_first(p, o);

	while (!err) {
		if (parser__take(p, "->"))
			err = parse_member(p, o, true);
		else if (parser__take(p, "."))
			err = parse_member(p, o, false);
		else if (parser__take(p, "["))
			err = parse_index(p, o);
		else
			break;
	}
	return err;
}

static int parse_expr(struct parser *p, struct operand *o)
{
	int err;

	if (++p->depth > DEPTH_MAX)
		return parser__refuse(p, "has too many parentheses: write it with fewer");
	err = parse_unary(p, o);
	if (!err)
		err = operators__take(p, o);
	p->depth--;
	return err;
}

int expr__compile(const struct expr_scope *scope, const char *text, struct expr *out, char **why)
{
	struct parser p = { .scope = scope, .start = text, .at = text, .why = why };
	struct operand o = {};
	int err;

	memset(out, 0, sizeof(*out));
	if (strlen(text) > TEXT_MAX)
		return error__refuse(why, "\"%.40s...\" is longer than %d characters", text,
				     TEXT_MAX);
	parser__skip(&p);
	p.start = p.at;
	err = parse_expr(&p, &o);
	parser__skip(&p);
	if (!err && *p.at) {
		__cleanup_free char *part = parser__part(&p);

		err = error__refuse(
			why,
			"unexpected \"%.60s\" after \"%.60s\": only ->member, .member, [0], &, << "
			"or >> can follow",
			p.at, part);
	}
	if (!err)
		return operand__finish(&p, &o, out);
	expr__free(&o.value);
	return err;
}

void expr__free(struct expr *e)
{
	enumerators__free(e->enumerators, e->nenumerators);
	memset(e, 0, sizeof(*e));
}
