/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF program shifts each number to the left and to the right, for its sign or as a bit-field.
 * Shifts in expressions change these distances, and cost nothing. A mask, or bytes that are
 * swapped, make it a changed number (struct rp_field): then it is unsigned, and later shifts move
 * the mask.
 */
#include "expr/operators.h"

#include <arpa/inet.h>
#include <ctype.h>

static bool is_changed(const struct rp_field *f)
{
	return f->number >= RP_CHANGED_UNSIGNED;
}

static void make_changed(struct rp_field *f)
{
	if (is_changed(f))
		return;
	f->number = f->number == RP_SIGNED ? RP_CHANGED_SIGNED : RP_CHANGED_UNSIGNED;
	f->mask = UINT64_MAX;
	if (f->source >= RP_SOURCE_PID)
		f->source += RP_SOURCE_CHANGED;
}

/* What the expression is now: a number of C. */
static void show_number(struct expr *e)
{
	bool is_signed = e->field.number == RP_SIGNED;

	enumerators__free(e->enumerators, e->nenumerators);
	e->enumerators = NULL;
	e->nenumerators = 0;
	e->format = is_signed ? EXPR_SIGNED : EXPR_UNSIGNED;
}

void operators__mask(struct expr *e, uint64_t bits)
{
	make_changed(&e->field);
	e->field.mask &= bits;
}

static void shift_down(struct rp_field *f, uint32_t n)
{
	f->mask >>= n;
	if (!f->swapped) {
		f->right = f->right + n < 64 ? f->right + n : 63;
	} else if (f->up >= n) {
		f->up -= n;
	} else {
		f->down += n - f->up;
		f->up = 0;
	}
}

static void shift_up(struct rp_field *f, uint32_t n)
{
	/* The bits that a shift to the right has to remove would come back. */
	if (f->right > f->left)
		make_changed(f);
	f->mask <<= n;
	if (f->swapped) {
		f->up += n;
	} else if (f->right >= n) {
		f->right -= n;
	} else {
		f->left += n - f->right;
		f->right = 0;
	}
}

/* A word about the task is read as it is, so only a changed one is shifted. */
static void shift(struct expr *e, uint32_t n, bool up)
{
	if (e->field.source >= RP_SOURCE_PID)
		make_changed(&e->field);
	if (up)
		shift_up(&e->field, n);
	else
		shift_down(&e->field, n);
}

/* ---- the text -------------------------------------------------------------------------------- */

enum operator{ NO_OPERATOR, AND, SHIFT_UP, SHIFT_DOWN };

static const char *const texts[] = { [AND] = "&", [SHIFT_UP] = "<<", [SHIFT_DOWN] = ">>" };

static enum operator next_operator(struct parser *p)
{
	parser__skip(p);
	for (enum operator op = AND; op <= SHIFT_DOWN; op++)
		if (!strncmp(p->at, texts[op], strlen(texts[op])) && strncmp(p->at, "&&", 2))
			return op;
	return NO_OPERATOR;
}

/* An operand of &, << or >>: a number, and no name. */
static int check_operand(struct parser *p, struct operand *o, const char *op)
{
	__cleanup_free char *part = parser__part(p);
	int err = o->is_value ? 0 : operand__make_value(p, o);

	if (err)
		return err;
	switch (o->value.format) {
	case EXPR_SIGNED:
	case EXPR_UNSIGNED:
	case EXPR_ENUM:
	case EXPR_POINTER:
	case EXPR_HEX:
		return 0;
	default:
		return error__refuse(
			p->why, "\"%.120s\" is %s: only a number can be before \"%s\"; remove it",
			part,
			o->value.format == EXPR_BOOL ? "a bool"
			: o->value.field.text	     ? "text"
						     : "a name or an address",
			op);
	}
}

static int take_constant(struct parser *p, const char *op, uint64_t *out)
{
	char *end;

	parser__skip(p);
	errno = 0;
	if (isdigit((unsigned char)*p->at)) {
		*out = strtoull(p->at, &end, 0);
		if (!errno && !isalnum((unsigned char)*end) && *end != '_') {
			p->at = end;
			return 0;
		}
	}
	return parser__refuse(p, "needs a number after \"%s\", as in flags & 0x3 or len >> 10", op);
}

/* The bits that a shift may move: those of the number's type. */
static int check_distance(struct parser *p, const char *op, uint64_t n)
{
	if (n && n < 64)
		return 0;
	return parser__refuse(p, "shifts by %llu bits: write 1 to 63 after \"%s\"",
			      (unsigned long long)n, op);
}

static int nothing_remains(struct parser *p)
{
	return parser__refuse(p, "is always 0: no bit of the number remains");
}

static int apply(struct parser *p, struct expr *e, enum operator op, uint64_t n)
{
	int err = op == AND ? 0 : check_distance(p, texts[op], n);

	if (err)
		return err;
	if (op == SHIFT_DOWN && e->field.number != RP_SIGNED && !(operators__most(e) >> n))
		return nothing_remains(p);
	if (op == AND)
		operators__mask(e, n);
	else
		shift(e, n, op == SHIFT_UP);
	if (!operators__most(e) || e->field.left > 63)
		return nothing_remains(p);
	show_number(e);
	return 0;
}

int operators__take(struct parser *p, struct operand *o)
{
	enum operator op, before = NO_OPERATOR;
	uint64_t n = 0;
	int err;

	for (; (op = next_operator(p)) != NO_OPERATOR; before = op) {
		/* In C, x & 4 >> 2 is x & (4 >> 2). */
		if (before == AND && op != AND)
			return parser__refuse(p,
					      "needs parentheses before \"%s\", as in (x & 4) %s 2",
					      texts[op], texts[op]);
		err = check_operand(p, o, texts[op]);
		if (err)
			return err;
		p->at += strlen(texts[op]);
		err = take_constant(p, texts[op], &n);
		if (!err)
			err = apply(p, &o->value, op, n);
		if (err)
			return err;
	}
	return 0;
}

/* ---- for functions --------------------------------------------------------------------------- */

int operators__swap(struct parser *p, struct expr *e, uint32_t bytes)
{
	struct rp_field *f = &e->field;

	if (f->swapped)
		return parser__refuse(p, "has swapped the bytes already: use one function");
	make_changed(f);
	f->swapped = bytes;
	f->mask = bytes == sizeof(uint16_t) ? ntohs(f->mask) : ntohl(f->mask);
	show_number(e);
	return 0;
}

void operators__cut(struct expr *e, bool is_signed)
{
	e->field.left = e->field.right = 32;
	e->field.number = is_signed ? RP_SIGNED : RP_UNSIGNED;
}

uint64_t operators__most(const struct expr *e)
{
	if (is_changed(&e->field))
		return e->field.mask;
	return UINT64_MAX >> (e->field.right & 63);
}
