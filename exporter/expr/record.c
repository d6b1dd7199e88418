/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A field has a C type in the format of its event, and a size. The size and the sign are certain.
 * The type says whether it is a pointer, an enum or a bool.
 */
#include "expr/record.h"

#include "base/suggest.h"

/* The kernel overwrites the first bytes of the record with a pointer. */
#define OVERWRITTEN 8

static const struct event_field *find(const struct expr_scope *s, const char *name)
{
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i].offset >= OVERWRITTEN && !strcmp(s->fields[i].name, name))
			return &s->fields[i];
	return NULL;
}

bool record__has(const struct expr_scope *s, const char *name)
{
	return find(s, name);
}

static int no_field(struct parser *p, const char *name)
{
	const struct expr_scope *s = p->scope;
	__cleanup_free const char **v = xcalloc(s->nfields + 1, sizeof(*v));
	__cleanup_free char *hint = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i].offset >= OVERWRITTEN)
			v[n++] = s->fields[i].name;
	hint = suggest__hint(name, v, n);
	return error__refuse(p->why, "no field \"%.60s\"%s%s %s", name, hint,
			     *hint ? " The tracepoint is" : "; the tracepoint is",
			     s->signature ? s->signature : "one whose format cannot be read");
}

static bool is_text(const struct event_field *f)
{
	return !strcmp(f->type, "char") || !strcmp(f->type, "const char");
}

static struct ctype type_of(const struct btf *btf, const struct event_field *f)
{
	struct ctype t = ctype__parse(btf, f->type);
	struct shape s = ctype__shape(btf, t);

	switch (s.kind) {
	case SHAPE_INT: /* of a system call: in a field of 8 bytes */
	case SHAPE_BOOL:
	case SHAPE_ENUM:
	case SHAPE_POINTER:
		if (t.plain != &plain_word && s.size <= f->size)
			return t;
		break;
	default:
		break;
	}
	return ctype__number(f->size, f->is_signed);
}

int record__resolve(struct parser *p, const char *name, struct operand *out)
{
	const struct event_field *f = find(p->scope, name);

	if (!f)
		return no_field(p, name);
	*out = (struct operand){ .type = { .plain = &plain_word }, .in_memory = true };
	out->field.source = RP_SOURCE_ARG;
	out->at = 8 * (uint64_t)f->offset;
	out->to_user = p->scope->user;
	if (is_text(f) && (f->located || f->n)) {
		out->is_text = true;
		out->counted = f->located ? RP_TEXT | RP_TEXT_LOCATED : 0;
		return 0;
	}
	if (!f->located && !f->n) {
		out->type = type_of(p->scope->btf, f);
		return 0;
	}
	if (!f->located && ctype__find_array(p->scope->btf, f->n, f->size / f->n, &out->type))
		return 0;
	return error__refuse(p->why,
			     "\"%.60s\" is %s %s%s: only numbers, text and arrays whose type is in "
			     "the kernel's BTF can be read",
			     name, f->located ? "a dynamic array of" : "an array of", f->type,
			     f->located ? "" : "[]");
}
