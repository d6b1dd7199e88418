/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recursive descent over one line of text. Types are followed while parsing, so that a mistake is
 * reported where it stands, with what would have been right there. What remains of an expression is
 * an operand: the pointers that were followed, and the place of the value behind the last one; only
 * parser__finish() looks at the value itself.
 */
#include "expr/internal.h"

#include <ctype.h>
#include <errno.h>

#define NAME_MAX_LEN 127 /* of C identifiers; the longest in a kernel are half as long */
#define TEXT_MAX     1024

void parser__skip(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

char *parser__part(const struct parser *p)
{
	const char *end = p->at;

	while (end > p->start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return xstrndup(p->start, end - p->start);
}

/* Takes `token` if it is what comes next. */
static bool take(struct parser *p, const char *token)
{
	parser__skip(p);
	if (strncmp(p->at, token, strlen(token)))
		return false;
	p->at += strlen(token);
	return true;
}

/* Takes a C identifier; name[0] is 0 if there is none. */
static int take_name(struct parser *p, char name[static NAME_MAX_LEN + 1])
{
	size_t len = 0;

	parser__skip(p);
	if (!isdigit((unsigned char)*p->at)) {
		while (isalnum((unsigned char)p->at[len]) || p->at[len] == '_')
			len++;
	}
	if (len > NAME_MAX_LEN)
		return error__refuse(p->why, "\"%.40s...\" is longer than any name in C", p->at);
	memcpy(name, p->at, len);
	name[len] = '\0';
	p->at += len;
	return 0;
}

/* ---- going on from a value ---- */

/* Makes the pointer that o is the base of what follows. */
static int follow(struct parser *p, struct operand *o, bool user)
{
	__cleanup_free char *part = parser__part(p);

	if (o->in_memory) {
		if (o->field.nsteps == RP_STEPS)
			return error__refuse(p->why,
					     "\"%.120s\" follows more than %d pointers: use a "
					     "function that has what you want nearer to its "
					     "parameters",
					     part, RP_STEPS);
		if (user && !o->field.user)
			return error__refuse(p->why,
					     "\"%.120s\" points from the kernel's memory to the "
					     "process's; one expression can read only one of them",
					     part);
		o->field.offset[o->field.nsteps++] = o->at / 8;
	} else {
		if (o->at % 64)
			return error__refuse(p->why, "\"%.120s\" is no whole pointer", part);
		o->field.source += o->at / 64;
	}
	o->field.user |= user || p->scope->user;
	o->in_memory = true;
	o->at = 0;
	return 0;
}

/* Moves on within a struct or an array. */
static int advance(struct parser *p, struct operand *o, uint64_t bits)
{
	__cleanup_free char *part = NULL;

	/* The kernel side's offsets are signed 32-bit numbers of bytes. */
	if (!__builtin_add_overflow(o->at, bits, &o->at) && o->at / 8 <= INT32_MAX - 8)
		return 0;
	part = parser__part(p);
	return error__refuse(p->why, "\"%.120s\" is too far away", part);
}

/* What is there in the place of the struct that `->` or `.` needs. */
static int no_struct(struct parser *p, const struct operand *o, const char *part, const char *op)
{
	__cleanup_free char *type = ctype__text(p->scope->btf, o->type);
	bool untyped = o->type.plain == &plain_word;

	if (o->is_text)
		return error__refuse(p->why, "\"%.120s\" is text and has no members", part);
	if (o->is_word)
		return error__refuse(p->why, "\"%.120s\" is a number and has no members", part);
	if (untyped)
		return error__refuse(p->why,
				     "\"%.120s\" has no type that would tell what \"%s\" finds: "
				     "begin with a parameter's name, or write str(%.60s) for text",
				     part, op, part);
	return error__refuse(p->why, "\"%.120s\" is of type %s: it has no members", part, type);
}

/* Checks that o is a struct, or for `->` a pointer to one, and makes it the struct. */
static int enter(struct parser *p, struct operand *o, bool arrow, struct shape *s)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *part = parser__part(p), *type = NULL;
	struct shape is = ctype__shape(btf, o->type);
	bool user = false;

	if (o->is_text || o->is_word)
		return no_struct(p, o, part, arrow ? "->" : ".");
	type = ctype__text(btf, o->type);
	if (is.kind == SHAPE_ARRAY)
		return error__refuse(p->why,
				     "\"%.120s\" is an array (%s): choose an element, as in "
				     "%.120s[0]",
				     part, type, part);
	if (is.kind == SHAPE_POINTER && !arrow)
		return error__refuse(
			p->why, "\"%.120s\" is a pointer (%s): write \"->\" behind it, not \".\"",
			part, type);
	if (is.kind == SHAPE_STRUCT && arrow)
		return error__refuse(
			p->why,
			"\"%.120s\" is no pointer but a %s: write \".\" behind it, not \"->\"",
			part, type);
	if (is.kind == SHAPE_POINTER) {
		struct ctype target = ctype__pointee(btf, o->type, &user);

		is = ctype__shape(btf, target);
		if (is.kind == SHAPE_STRUCT) {
			o->type = target;
			*s = is;
			return follow(p, o, user);
		}
		if (is.kind == SHAPE_OTHER)
			return error__refuse(
				p->why,
				"\"%.120s\" is of type %s: what that points to is "
				"not described in this kernel's BTF, or has no members",
				part, type);
	}
	*s = is;
	return is.kind == SHAPE_STRUCT ? 0 : no_struct(p, o, part, arrow ? "->" : ".");
}

static int parse_member(struct parser *p, struct operand *o, bool arrow)
{
	__cleanup_free char *part = NULL, *members = NULL, *type = NULL;
	const struct btf *btf = p->scope->btf;
	const char *op = p->at;
	char name[NAME_MAX_LEN + 1];
	struct member m;
	struct shape s = {};
	int err;

	p->at -= arrow ? 2 : 1; /* messages quote what stands before it */
	err = enter(p, o, arrow, &s);
	p->at = op;
	if (err)
		return err;
	err = take_name(p, name);
	if (err)
		return err;
	part = parser__part(p);
	if (struct__find(btf, s.btf, name, &m)) {
		o->type = m.type;
		o->bits = m.bits;
		return advance(p, o, m.bit);
	}
	type = ctype__text(btf, o->type);
	members = struct__members(btf, s.btf, *name ? name : NULL);
	if (!*name)
		return error__refuse(p->why, "\"%.120s\" lacks a name at its end: %s has %s", part,
				     type, members);
	return error__refuse(p->why, "\"%.120s\": %s has %s", part, type, members);
}

/* Takes `N]`. */
static int take_index(struct parser *p, uint32_t *out)
{
	__cleanup_free char *part = NULL;
	char *end = NULL;
	unsigned long n = 0;

	parser__skip(p);
	if (isdigit((unsigned char)*p->at)) {
		n = strtoul(p->at, &end, 10);
		p->at = end;
	}
	if (end && n <= INT32_MAX && take(p, "]")) {
		*out = n;
		return 0;
	}
	part = parser__part(p);
	return error__refuse(p->why,
			     "\"%.120s\" is not finished: an index is a whole number, from 0, and "
			     "\"]\"",
			     part);
}

static int parse_index(struct parser *p, struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *before = NULL, *type = ctype__text(btf, o->type);
	struct shape s = ctype__shape(btf, o->type);
	struct ctype element = {};
	uint64_t size, bits;
	bool user = false;
	uint32_t n = 0, nelems = 0;
	int err;

	p->at--;
	before = parser__part(p);
	p->at++;
	err = take_index(p, &n);
	if (err)
		return err;
	if (o->is_text || o->is_word || (s.kind != SHAPE_ARRAY && s.kind != SHAPE_POINTER))
		return error__refuse(p->why, "\"%.120s\" is no array and no pointer%s%s", before,
				     o->is_text || o->is_word ? "" : " but of type ",
				     o->is_text || o->is_word ? "" : type);
	if (s.kind == SHAPE_ARRAY) {
		element = ctype__element(&s);
		nelems = ctype__nelems(&s);
	} else {
		element = ctype__pointee(btf, o->type, &user);
	}
	size = ctype__size(btf, element);
	if (!size)
		return error__refuse(p->why,
				     "\"%.120s\" is of type %s: the size of its elements is not "
				     "known",
				     before, type);
	if (nelems && n >= nelems)
		return error__refuse(p->why, "\"%.120s\" is of type %s: its last element is [%u]",
				     before, type, nelems - 1);
	err = s.kind == SHAPE_POINTER ? follow(p, o, user) : 0;
	o->type = element;
	o->bits = 0;
	if (!err && __builtin_mul_overflow(size * 8, (uint64_t)n, &bits))
		bits = UINT64_MAX;
	return err ? err : advance(p, o, bits);
}

/* ---- str() ---- */

static bool is_byte(struct shape s)
{
	return s.size == 1;
}

/* Too short for an address. */
static bool is_small_number(struct shape s)
{
	return s.kind == SHAPE_BOOL || s.kind == SHAPE_ENUM || (s.kind == SHAPE_INT && s.size < 8);
}

static int no_text(struct parser *p, const char *part, struct ctype t)
{
	__cleanup_free char *type = ctype__text(p->scope->btf, t);

	return error__refuse(p->why,
			     "str(%.120s): there is no text, it is of type %s; str() takes a "
			     "pointer to bytes, an array of bytes or an address",
			     part, type);
}

/* Makes o the text that is at it, or that it points to. */
int parser__text(struct parser *p, struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *part = parser__part(p);
	struct shape s = ctype__shape(btf, o->type), target;
	bool user = false;
	int err = 0;

	if (o->is_text || o->is_word)
		return o->is_text ? 0
				  : error__refuse(p->why, "str(%.60s): that is a number, not text",
						  part);
	switch (s.kind) {
	case SHAPE_POINTER:
		target = ctype__shape(btf, ctype__pointee(btf, o->type, &user));
		if (!is_byte(target) && target.kind != SHAPE_VOID)
			break;
		err = follow(p, o, user);
		o->is_text = true;
		return err;
	case SHAPE_ARRAY:
		if (!is_byte(ctype__shape(btf, ctype__element(&s))) || !o->in_memory)
			break;
		o->is_text = true;
		return 0;
	case SHAPE_INT:
		if (s.size != 8 || o->bits)
			break;
		if (o->is_declared && is_small_number(ctype__shape(btf, o->declared)))
			return no_text(p, part, o->declared);
		err = follow(p, o, false);
		o->is_text = true;
		return err;
	default:
		break;
	}
	return no_text(p, part, o->type);
}

static int parse_str(struct parser *p, struct operand *o)
{
	const char *outer = p->start;
	int err;

	parser__skip(p);
	p->start = p->at;
	err = parser__expr(p, o);
	if (!err)
		err = parser__text(p, o);
	p->start = outer;
	if (!err && !take(p, ")")) {
		__cleanup_free char *part = parser__part(p);

		return error__refuse(p->why, "\"%.120s\" has no \")\" at its end", part);
	}
	return err;
}

/* ---- the whole ---- */

static int no_name(struct parser *p)
{
	char c = *p->at;

	if (!c)
		return error__refuse(p->why,
				     "the expression is empty or ends too early: it begins with a "
				     "parameter's name, as in file->f_inode->i_ino");
	if (c == '*')
		return error__refuse(p->why, "\"%.60s\": write x[0] in the place of *x", p->at);
	if (c == '&')
		return error__refuse(
			p->why, "\"%.60s\": addresses cannot be taken; leave out the \"&\"", p->at);
	return error__refuse(p->why,
			     "\"%.60s\" does not begin with a name: an expression is a parameter, "
			     "then any of ->member .member [0], or str(...) around that",
			     p->at);
}

static int parse_first(struct parser *p, struct operand *o)
{
	char name[NAME_MAX_LEN + 1];
	int err = take_name(p, name);

	if (err || !*name)
		return err ? err : no_name(p);
	parser__skip(p);
	if (*p->at == '(') {
		if (strcmp(name, "str"))
			return error__refuse(p->why,
					     "\"%.60s(\": the only function there is, is str(...), "
					     "which reads text",
					     name);
		p->at++;
		return parse_str(p, o);
	}
	return names__resolve(p, name, o);
}

int parser__expr(struct parser *p, struct operand *o)
{
	int err = parse_first(p, o);

	while (!err) {
		if (take(p, "->"))
			err = parse_member(p, o, true);
		else if (take(p, "."))
			err = parse_member(p, o, false);
		else if (take(p, "["))
			err = parse_index(p, o);
		else
			break;
	}
	return err;
}

int expr__compile(const struct expr_scope *scope, const char *text, struct expr *out, char **why)
{
	struct parser p = { .scope = scope, .start = text, .at = text, .why = why };
	struct operand o;
	int err;

	memset(out, 0, sizeof(*out));
	if (strlen(text) > TEXT_MAX)
		return error__refuse(why, "\"%.40s...\" is longer than %d characters", text,
				     TEXT_MAX);
	parser__skip(&p);
	p.start = p.at;
	err = parser__expr(&p, &o);
	if (err)
		return err;
	parser__skip(&p);
	if (*p.at) {
		__cleanup_free char *part = parser__part(&p);

		return error__refuse(
			why,
			"\"%.60s\" behind \"%.60s\" is not understood: what can follow "
			"is ->member, .member or [0]",
			p.at, part);
	}
	return parser__finish(&p, &o, out);
}

void expr__free(struct expr *e)
{
	enumerators__free(e->enumerators, e->nenumerators);
	memset(e, 0, sizeof(*e));
}
