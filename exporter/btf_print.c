/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A C declaration is written from its name outwards: pointers and the base type to the left, arrays
 * and parameters to the right. So two walks over the same chain of types print it: left() before
 * the name, right() behind it.
 *
 * libbpf's btf_dump makes text for a compiler: it renames the second `struct foo` of a kernel to
 * foo___2 and writes anonymous structs out over several lines. This is for people.
 */
#include "btf_print.h"

#include <bpf/btf.h>
#include <ctype.h>

#include "buf.h"

/* Chains of a compiler's making are shorter; a longer one is a loop in broken BTF. */
#define DEPTH_MAX 32
#define TEXT_MAX  4096 /* no more parameters behind this: a loop again */

struct printer {
	const struct btf *btf;
	struct buf out;
};

static bool is_qualifier(const struct btf_type *t)
{
	return btf_is_mod(t) || btf_is_type_tag(t);
}

static const struct btf_type *skip(const struct btf *btf, uint32_t id, bool typedefs)
{
	const struct btf_type *t = NULL;

	for (int depth = 0; depth < DEPTH_MAX && id; depth++) {
		t = btf__type_by_id(btf, id);
		if (!t || !(is_qualifier(t) || (typedefs && btf_is_typedef(t))))
			return t;
		id = t->type;
	}
	return NULL;
}

const struct btf_type *btf_print__resolve(const struct btf *btf, uint32_t id)
{
	return skip(btf, id, true);
}

const char *btf_print__name(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

/* Appends a word, set off from a word before it. */
static void word(struct printer *p, const char *s)
{
	char last = p->out.len ? p->out.data[p->out.len - 1] : ' ';

	if (*s && (isalnum((unsigned char)last) || strchr("_})]", last)))
		buf__putc(&p->out, ' ');
	buf__puts(&p->out, s);
}

const char *btf_print__usual_name(const char *name)
{
	static const char *const names[][2] = {
		{ "long int", "long" },
		{ "long unsigned int", "unsigned long" },
		{ "long long int", "long long" },
		{ "long long unsigned int", "unsigned long long" },
		{ "short int", "short" },
		{ "short unsigned int", "unsigned short" },
		{ "_Bool", "bool" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	}
	return name;
}

static void named(struct printer *p, const char *keyword, const struct btf_type *t)
{
	const char *name = btf_print__name(p->btf, t->name_off);

	if (*keyword)
		word(p, keyword);
	word(p, *name ? btf_print__usual_name(name) : "{...}");
}

/* Pointers to these need parentheses: (*f)(int). */
static bool binds_right(const struct btf_type *t)
{
	return t && (btf_is_array(t) || btf_is_func_proto(t));
}

static const char *qualifier(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_CONST:
		return "const";
	case BTF_KIND_VOLATILE:
		return "volatile";
	case BTF_KIND_RESTRICT:
		return "restrict";
	default: /* type tags: __user, __rcu; they say nothing of the value */
		return "";
	}
}

static void left(struct printer *p, uint32_t id, int depth)
{
	const struct btf_type *t = id ? btf__type_by_id(p->btf, id) : NULL, *target;

	if (!t || depth > DEPTH_MAX) {
		word(p, "void");
		return;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		left(p, t->type, depth + 1);
		word(p, binds_right(skip(p->btf, t->type, false)) ? "(*" : "*");
		return;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		/* A qualified pointer has its qualifier behind the '*', anything else in front. */
		target = skip(p->btf, t->type, false);
		if (target && btf_is_ptr(target)) {
			left(p, t->type, depth + 1);
			word(p, qualifier(t));
		} else {
			word(p, qualifier(t));
			left(p, t->type, depth + 1);
		}
		return;
	case BTF_KIND_ARRAY:
		left(p, btf_array(t)->type, depth + 1);
		return;
	case BTF_KIND_FUNC_PROTO:
		left(p, t->type, depth + 1);
		return;
	case BTF_KIND_STRUCT:
		named(p, "struct", t);
		return;
	case BTF_KIND_UNION:
		named(p, "union", t);
		return;
	case BTF_KIND_FWD:
		named(p, btf_kflag(t) ? "union" : "struct", t);
		return;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		named(p, "enum", t);
		return;
	default:
		named(p, "", t);
	}
}

static void parameters(struct printer *p, const struct btf_type *proto, int depth);

static void right(struct printer *p, uint32_t id, int depth)
{
	const struct btf_type *t = id ? btf__type_by_id(p->btf, id) : NULL;

	if (!t || depth > DEPTH_MAX)
		return;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		if (binds_right(skip(p->btf, t->type, false)))
			buf__putc(&p->out, ')');
		right(p, t->type, depth + 1);
		return;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		right(p, t->type, depth + 1);
		return;
	case BTF_KIND_ARRAY:
		buf__printf(&p->out, "[%u]", btf_array(t)->nelems);
		right(p, btf_array(t)->type, depth + 1);
		return;
	case BTF_KIND_FUNC_PROTO:
		parameters(p, t, depth + 1);
		right(p, t->type, depth + 1);
		return;
	default:
		return;
	}
}

static void declaration(struct printer *p, uint32_t id, const char *name, int depth)
{
	left(p, id, depth);
	if (name)
		word(p, name);
	right(p, id, depth);
}

static void parameters(struct printer *p, const struct btf_type *proto, int depth)
{
	const struct btf_param *param = btf_params(proto);
	unsigned n = btf_vlen(proto);

	buf__putc(&p->out, '(');
	if (!n)
		buf__puts(&p->out, "void");
	for (unsigned i = 0; i < n && p->out.len < TEXT_MAX; i++) {
		if (i)
			buf__puts(&p->out, ", ");
		if (!param[i].type && !param[i].name_off && i == n - 1) /* how BTF says so */
			buf__puts(&p->out, "...");
		else
			declaration(p, param[i].type, btf_print__name(p->btf, param[i].name_off),
				    depth);
	}
	buf__putc(&p->out, ')');
}

char *btf_print__declaration(const struct btf *btf, uint32_t type, const char *name)
{
	struct printer p = { .btf = btf };
	const char *text;
	char *result;

	declaration(&p, type, name, 0);
	text = buf__str(&p.out);
	result = text ? xstrdup(text) : NULL;
	buf__free(&p.out);
	return result;
}

char *btf_print__function(const struct btf *btf, uint32_t proto, const char *name)
{
	return btf_print__declaration(btf, proto, name);
}
