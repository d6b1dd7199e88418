/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/operand.h"

int operand__follow(struct parser *p, struct operand *o, bool user)
{
	__cleanup_free char *part = parser__part(p);

	if (o->in_memory) {
		if (o->field.nsteps == RP_STEPS)
			return error__refuse(p->why,
					     "\"%.120s\" follows more than %d pointers: probe a "
					     "function with the value closer to its parameters",
					     part, RP_STEPS);
		if (user && !o->field.user)
			return error__refuse(
				p->why,
				"\"%.120s\" points from kernel memory to user memory: an "
				"expression can read only one of the two",
				part);
		o->field.offset[o->field.nsteps++] = o->at / 8;
	} else {
		if (o->at % 64)
			return error__refuse(p->why, "\"%.120s\" is not a whole pointer", part);
		o->field.source += o->at / 64;
	}
	o->field.user |= user || p->scope->user;
	o->in_memory = true;
	o->at = 0;
	return 0;
}

int operand__advance(struct parser *p, struct operand *o, uint64_t bits)
{
	__cleanup_free char *part = NULL;

	/* BPF programs get offsets as signed 32-bit numbers of bytes. */
	if (!__builtin_add_overflow(o->at, bits, &o->at) && o->at / 8 <= INT32_MAX - 8)
		return 0;
	part = parser__part(p);
	return error__refuse(p->why, "\"%.120s\" is too far from its pointer", part);
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

int operand__make_text(struct parser *p, struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *part = parser__part(p);
	struct shape s = ctype__shape(btf, o->type), target;
	bool user = false;
	int err = 0;

	if (o->is_text || o->is_word)
		return o->is_text ? 0
				  : error__refuse(p->why, "str(%.60s): it is a number, not text",
						  part);
	switch (s.kind) {
	case SHAPE_POINTER:
		target = ctype__shape(btf, ctype__pointee(btf, o->type, &user));
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
