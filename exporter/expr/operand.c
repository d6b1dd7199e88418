/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/operand.h"

int operand__follow(struct parser *p, struct operand *o, bool user)
{
	user |= o->to_user;
	o->to_user = false;
	if (o->in_memory) {
		if (o->field.nsteps == RP_STEPS)
			return parser__refuse(p,
					      "follows more than %d pointers: probe a function "
					      "with the value closer to its parameters",
					      RP_STEPS);
		if (user && !o->field.user)
			return parser__refuse(p, "points from kernel memory to user memory: an "
						 "expression can read only one of the two");
		o->field.offset[o->field.nsteps++] = o->at / 8;
	} else {
		if (o->at % 64)
			return parser__refuse(p, "is not a whole pointer");
		if (o->field.source + o->at / 64 >= PLACE_WORDS)
			return parser__refuse(p, "is beyond the argument registers");
		o->field.source += o->at / 64;
	}
	o->field.user |= user || p->scope->user;
	o->in_memory = true;
	o->at = 0;
	return 0;
}

int operand__advance(struct parser *p, struct operand *o, uint64_t bits)
{
	/* BPF programs get offsets as signed 32-bit numbers of bytes. */
	if (!__builtin_add_overflow(o->at, bits, &o->at) && o->at / 8 <= INT32_MAX - 8)
		return 0;
	return parser__refuse(p, "is too far from its pointer");
}

/* ---- str() ---- */

/* Numbers that are too short for an address. */
static bool is_small_number(struct shape s)
{
	return s.kind == SHAPE_BOOL || s.kind == SHAPE_ENUM || (s.kind == SHAPE_INT && s.size < 8);
}

static int no_text(struct parser *p, const char *part, struct ctype t)
{
	__cleanup_free char *type = ctype__text(p->scope->btf, t);

	return error__refuse(
		p->why,
		"str(%.120s): not text but of type %s; str() takes a pointer to bytes, "
		"an array of bytes or an address",
		part, type);
}

/* How the length of text is placed, if t is a struct of a pointer to bytes and a length: a string
 * of Go, Rust or C++, ngx_str_t. 0: it is not. */
static uint8_t counted_text(const struct parser *p, struct ctype t)
{
	bool length_first;

	/* The kernel's texts end with a 0. */
	if (!p->scope->places || !ctype__is_counted_text(p->scope->btf, t, &length_first))
		return 0;
	return length_first ? RP_TEXT_LENGTH_FIRST | RP_TEXT : RP_TEXT;
}

static int make_counted(struct parser *p, struct operand *o, uint8_t counted)
{
	o->is_text = true;
	o->counted = counted | (o->in_memory ? RP_TEXT_IN_MEMORY : RP_TEXT_IN_ARGS);
	if (o->in_memory)
		return 0;
	if (o->at % 64 || o->field.source + o->at / 64 + 1 >= PLACE_WORDS)
		return parser__refuse(p, "is beyond the argument registers");
	o->field.source += o->at / 64;
	o->field.user = 1;
	o->at = 0;
	return 0;
}

int operand__make_text(struct parser *p, struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *part = parser__part(p);
	struct shape s = ctype__shape(btf, o->type), target;
	bool user = false;
	uint8_t counted;
	int err = 0;

	if (o->is_text || o->is_word || o->is_value)
		return o->is_text ? 0
				  : error__refuse(p->why, "str(%.60s): it is a number, not text",
						  part);
	counted = s.kind == SHAPE_STRUCT ? counted_text(p, o->type) : 0;
	if (counted)
		return make_counted(p, o, counted);
	switch (s.kind) {
	case SHAPE_POINTER:
		target = ctype__shape(btf, ctype__pointee(btf, o->type, &user));
		counted = counted_text(p, ctype__pointee(btf, o->type, &user));
		if (counted) {
			err = operand__follow(p, o, user);
			return err ? err : make_counted(p, o, counted);
		}
		if (target.size != 1 && target.kind != SHAPE_VOID)
			break;
		err = operand__follow(p, o, user);
		o->is_text = true;
		return err;
	case SHAPE_ARRAY:
		if (ctype__shape(btf, ctype__element(&s)).size != 1 || !o->in_memory)
			break;
		o->is_text = true;
		return 0;
	case SHAPE_INT:
		if (s.size != 8 || o->bits)
			break;
		if (o->is_declared && is_small_number(ctype__shape(btf, o->declared)))
			return no_text(p, part, o->declared);
		err = operand__follow(p, o, false);
		o->is_text = true;
		return err;
	default:
		break;
	}
	return no_text(p, part, o->type);
}

/* ---- the last step ---- */

static const enum expr_format formats[][2] = {
	[SHAPE_INT] = { EXPR_UNSIGNED, EXPR_SIGNED },
	[SHAPE_BOOL] = { EXPR_BOOL, EXPR_BOOL },
	[SHAPE_ENUM] = { EXPR_ENUM, EXPR_ENUM },
	[SHAPE_POINTER] = { EXPR_POINTER, EXPR_POINTER },
};

/* Extracts `bits` bits, after `skip` bits, from a u64 with `size` bytes of memory. */
static void cut(struct rp_field *f, uint32_t size, uint32_t skip, uint32_t bits)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	f->left = 64 - 8 * size + skip;
#else
	f->left = 64 - skip - bits;
#endif
	f->right = 64 - bits;
}

static int from_words(struct parser *p, const struct operand *o, uint32_t bits, struct rp_field *f)
{
	uint32_t skip = o->at % 64;

	if (o->is_word)
		return 0;
	if (f->source + o->at / 64 >= PLACE_WORDS)
		return parser__refuse(p, "is beyond the argument registers");
	f->source += o->at / 64;
	if (skip + bits > 64)
		return parser__refuse(p, "is spread over two registers, which is not supported");
	f->left = 64 - skip - bits;
	f->right = 64 - bits;
	return 0;
}

static int from_memory(struct parser *p, const struct operand *o, uint32_t bits, struct rp_field *f)
{
	/* In packed structs, members are unaligned. */
	if (!o->bits && o->at % 8 == 0) {
		f->offset[f->nsteps] = o->at / 8;
		f->size = bits / 8;
		cut(f, f->size, 0, bits);
		return 0;
	}
	/* Reads the aligned word around a bit-field, as compilers do, and nothing beyond the
	 * struct. */
	for (uint32_t size = 1; size <= 8; size *= 2) {
		uint64_t first = o->at / (8 * size) * (8 * size), skip = o->at - first;

		if (skip + bits > 8 * size)
			continue;
		f->offset[f->nsteps] = first / 8;
		f->size = size;
		cut(f, size, skip, bits);
		return 0;
	}
	return parser__refuse(p, "is a bit-field across two words, which is not supported");
}

static int finish_number(struct parser *p, const struct operand *o, const struct shape *s,
			 struct expr *out)
{
	uint32_t bits = o->bits ? o->bits : 8 * s->size;
	int err;

	out->field.number = s->is_signed ? RP_SIGNED : RP_UNSIGNED;
	out->format = formats[s->kind][s->is_signed];
	if (o->is_word) {
		out->field.number = RP_UNSIGNED;
		out->format = o->field.source == RP_SOURCE_CGROUP ? EXPR_CGROUP : EXPR_UNSIGNED;
	}
	err = o->in_memory ? from_memory(p, o, bits, &out->field)
			   : from_words(p, o, bits, &out->field);
	if (!err && s->kind == SHAPE_ENUM)
		out->nenumerators =
			enumerators__read(p->scope->btf, s->btf, s->is_signed, &out->enumerators);
	return err;
}

static int finish_text(const struct operand *o, struct expr *out)
{
	out->format = o->is_word ? EXPR_COMM : EXPR_TEXT;
	out->field.text = o->counted ? o->counted : RP_TEXT;
	out->field.text |= o->of_file | (o->is_basename ? RP_TEXT_BASENAME : 0);
	out->path = o->path;
	out->field.offset[out->field.nsteps] = o->at / 8;
	return 0;
}

/* Refuses a type without a single value. */
static int refuse_shape(struct parser *p, const struct operand *o, const struct shape *s)
{
	__cleanup_free char *part = parser__part(p), *members = NULL;
	__cleanup_free char *type = ctype__text(p->scope->btf, o->type);
	bool bytes;

	switch (s->kind) {
	case SHAPE_STRUCT:
		members = ctype__members(p->scope->btf, s->btf, NULL);
		return parser__refuse(p,
				      "is a %s, not a single value: add \".\" and one of its "
				      "members: %s",
				      type, members);
	case SHAPE_ARRAY:
		bytes = ctype__shape(p->scope->btf, ctype__element(s)).size == 1;
		return parser__refuse(
			p,
			"is an array (%s), not a single value: select an element, as in "
			"%.120s[0]%s",
			type, part,
			bytes && o->in_memory ? ", or put str(...) around it if it is text" : "");
	case SHAPE_VOID:
		return parser__refuse(p, "is void: it has no value");
	default:
		return parser__refuse(p,
				      "is of type %s: only integers, enums, bools, pointers and "
				      "text can be read",
				      type);
	}
}

static bool is_text(const struct parser *p, const struct shape *s, const struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	bool user = false;

	if (s->kind == SHAPE_STRUCT)
		return counted_text(p, o->type);
	if (s->kind == SHAPE_POINTER)
		return ctype__shape(btf, ctype__pointee(btf, o->type, &user)).is_char;
	return s->kind == SHAPE_ARRAY && o->in_memory &&
	       ctype__shape(btf, ctype__element(s)).is_char;
}

int operand__finish(struct parser *p, const struct operand *operand, struct expr *out)
{
	const struct btf *btf = p->scope->btf;
	struct shape s = ctype__shape(btf, operand->type);
	struct operand o = *operand;
	int err;

	if (o.is_value) {
		*out = o.value;
		return 0;
	}
	memset(out, 0, sizeof(*out));
	if (!o.is_text && !o.is_word && is_text(p, &s, &o)) {
		err = operand__make_text(p, &o);
		if (err)
			return err;
	}
	out->field = o.field;
	if (o.is_text)
		return finish_text(&o, out);
	switch (s.kind) {
	case SHAPE_INT:
	case SHAPE_BOOL:
	case SHAPE_ENUM:
	case SHAPE_POINTER:
		return finish_number(p, &o, &s, out);
	default:
		return refuse_shape(p, &o, &s);
	}
}

int operand__make_value(struct parser *p, struct operand *o)
{
	int err = operand__finish(p, o, &o->value);

	o->is_value = !err;
	return err;
}
