/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ntohs() and ntohl() run in the BPF program. The others only say how a number is shown: the key of
 * a label set has the number, and exporter/labels/namer.c the name.
 */
#include "expr/functions.h"

#include "base/suggest.h"
#include "expr/operators.h"
#include "expr/paths.h"

struct function {
	const char *name;
	int (*apply)(struct parser *p, const struct function *f, struct operand *o,
		     const char *second);
	const char *second; /* what the second argument is; NULL: there is none */
	uint32_t bytes;	    /* of the number that it takes; 0: any */
	enum expr_format format;
	enum value_names names;
	bool is_signed; /* how an untyped word is read */
};

/* "errno(ret) takes a number, ...", at the place of the argument. */
static int mistaken(struct parser *p, const struct function *f, const char *takes,
		    const struct operand *o)
{
	__cleanup_free char *part = parser__part(p), *type = NULL;

	type = o->is_text || o->value.field.text ? xstrdup("text")
	       : o->is_value			 ? xstrdup("a name or an address already")
						 : ctype__text(p->scope->btf, o->type);
	return error__refuse(p->why, "%s(%.120s): takes %s, and this is %s", f->name, part, takes,
			     type);
}

/* Makes the operand a number, as C sees it or in hexadecimal digits. */
static int make_number(struct parser *p, const struct function *f, struct operand *o)
{
	struct expr *e = &o->value;
	int err = 0;

	if (!o->is_value) {
		bool untyped = !o->is_word && !o->in_memory && o->type.plain == &plain_word;

		err = operand__make_value(p, o);
		if (!err && untyped && f->bytes && f->bytes < 8)
			operators__cut(e, f->is_signed);
	}
	if (err)
		return err;
	if (e->format == EXPR_SIGNED || e->format == EXPR_UNSIGNED || e->format == EXPR_ENUM ||
	    e->format == EXPR_POINTER)
		return 0;
	return mistaken(p, f, "a number", o);
}

static int show_as(struct parser *p, const struct function *f, struct operand *o,
		   const char *second)
{
	int err = make_number(p, f, o);

	if (err)
		return err;
	enumerators__free(o->value.enumerators, o->value.nenumerators);
	o->value.enumerators = NULL;
	o->value.nenumerators = 0;
	o->value.format = f->format;
	o->value.names = f->names;
	return 0;
}

/* The size of a number as declared; 0: it is not known. */
static uint32_t declared_size(struct parser *p, const struct operand *o)
{
	struct shape s = ctype__shape(p->scope->btf, o->type);

	return o->is_value || o->is_word || o->bits || o->type.plain == &plain_word ? 0 : s.size;
}

static int swap(struct parser *p, const struct function *f, struct operand *o, const char *second)
{
	uint32_t size = declared_size(p, o);
	__cleanup_free char *part = parser__part(p);
	int err = make_number(p, f, o);

	if (err)
		return err;
	if (size && size != f->bytes && (size == 2 || size == 4))
		return error__refuse(p->why, "%s(%.120s): the number has %u bytes: write %s()",
				     f->name, part, size, size == 2 ? "ntohs" : "ntohl");
	if (size && size != f->bytes)
		return error__refuse(p->why, "%s(%.120s): the number has %u byte%s, not %u",
				     f->name, part, size, size == 1 ? "" : "s", f->bytes);
	return operators__swap(p, &o->value, f->bytes);
}

static int last_part(struct parser *p, const struct function *f, struct operand *o,
		     const char *second)
{
	static const char takes[] = "a path that ends with a 0 byte";
	int err;

	if (o->is_word || o->is_value)
		return mistaken(p, f, takes, o);
	err = operand__make_text(p, o);
	if (!err && ((o->counted & ~RP_TEXT_LOCATED & ~RP_TEXT) || o->of_file))
		return mistaken(p, f, takes, o);
	o->is_basename = true;
	return err;
}

static int path(struct parser *p, const struct function *f, struct operand *o, const char *second)
{
	return paths__apply(p, o);
}

/* ---- addresses of the internet --------------------------------------------------------------- */

/* A number, an array, struct in_addr or struct in6_addr. */
static bool may_be_address(struct parser *p, const struct shape *s)
{
	const char *name = s->kind == SHAPE_STRUCT
				   ? btf__name_by_offset(p->scope->btf, s->btf->name_off)
				   : NULL;

	if (name)
		return !strcmp(name, "in_addr") || !strcmp(name, "in6_addr");
	return s->kind == SHAPE_INT || s->kind == SHAPE_ARRAY;
}

/* Goes to the address that a pointer leads to. *size: 0 if there is none. */
static int find_address(struct parser *p, struct operand *o, uint64_t *size)
{
	const struct btf *btf = p->scope->btf;
	struct shape s = ctype__shape(btf, o->type);
	bool user = false;
	int err = 0;

	if (s.kind == SHAPE_POINTER) {
		struct ctype target = ctype__pointee(btf, o->type, &user);

		s = ctype__shape(btf, target);
		if (may_be_address(p, &s)) {
			err = operand__follow(p, o, user);
			o->type = target;
		}
	}
	*size = may_be_address(p, &s) ? ctype__size(btf, o->type) : 0;
	return err;
}

static int take_words(struct parser *p, struct operand *o, uint32_t bytes, struct expr *out)
{
	static const struct plain_type words[] = {
		{ "__be32", { .kind = SHAPE_INT, .size = 4 } },
		{ "__be64", { .kind = SHAPE_INT, .size = 8 } },
	};

	o->type = (struct ctype){ .plain = &words[bytes == 8] };
	return operand__finish(p, o, out);
}

static int show_address(struct parser *p, const struct function *f, struct operand *o,
			const char *second)
{
	static const char takes[] = "an IPv4 address of 4 bytes or an IPv6 address of 16";
	struct expr first, last = {};
	struct operand rest;
	uint64_t size = 0;
	int err = 0;

	if (o->is_word || o->is_text || o->is_value || o->bits)
		return mistaken(p, f, takes, o);
	if (o->type.plain == &plain_word && !o->in_memory)
		size = 4;
	else
		err = find_address(p, o, &size);
	if (err)
		return err;
	if (size != 4 && (size != 16 || !o->in_memory))
		return mistaken(p, f, takes, o);
	rest = *o;
	err = take_words(p, o, size == 16 ? 8 : 4, &first);
	if (!err && size == 16) {
		rest.at += 64;
		err = take_words(p, &rest, 8, &last);
	}
	if (err)
		return err;
	first.second = last.field;
	first.format = size == 16 ? EXPR_IP6 : EXPR_IP4;
	o->value = first;
	o->is_value = true;
	return 0;
}

/* ---- types and enums --------------------------------------------------------------------------
 */

/* "; did you mean ...?" of all structs, or all enums, with a similar name. */
static char *similar_types(const struct btf *btf, const char *name, bool enums)
{
	__cleanup_free const char **v = NULL;
	size_t n = 0;

	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *its = btf__name_by_offset(btf, t->name_off);

		if (its && *its && (enums ? btf_is_any_enum(t) : btf_is_composite(t)))
			*(const char **)array__grow(&v, &n, sizeof(*v)) = its;
	}
	return suggest__hint(name, v, n);
}

static int no_type(struct parser *p, const char *name, bool is_enum)
{
	const char *space = strrchr(name, ' ');
	__cleanup_free char *hint = similar_types(p->scope->btf, space ? space + 1 : name, is_enum);
	const char *where = p->scope->places ? "among those that this function's parameters lead to"
					     : "of this kernel";

	if (is_enum)
		return error__refuse(p->why, "\"%.80s\" is no enum %s%s", name, where, hint);
	return error__refuse(p->why, "\"%.80s\" is no type %s%s", name, where, hint);
}

/* A struct means a pointer to it. */
static int cast(struct parser *p, const struct function *f, struct operand *o, const char *name)
{
	const struct btf *btf = p->scope->btf;
	struct ctype to = ctype__parse(btf, name);
	struct shape s = ctype__shape(btf, to), from = ctype__shape(btf, o->type);
	bool user = false;

	if (o->is_word || o->is_text || o->is_value || o->bits ||
	    (from.kind != SHAPE_POINTER && from.kind != SHAPE_INT && from.kind != SHAPE_ENUM))
		return mistaken(p, f, "a pointer, or a number without operators", o);
	if ((to.plain == &plain_word) || (s.kind == SHAPE_OTHER && !to.stars) ||
	    ctype__shape(btf, (struct ctype){ to.plain, to.id, 0 }).kind == SHAPE_OTHER)
		return no_type(p, name, false);
	if (s.kind == SHAPE_STRUCT) {
		to.stars++;
		s = ctype__shape(btf, to);
	}
	if (!s.size || s.size > from.size)
		return error__refuse(p->why,
				     "cast(..., %.80s): the value has %u bytes, which is too few",
				     name, from.size);
	if (from.kind == SHAPE_POINTER)
		ctype__pointee(btf, o->type, &user);
	o->to_user |= user;
	o->type = to;
	o->is_declared = false;
	return 0;
}

static int show_flags(struct parser *p, const struct function *f, struct operand *o,
		      const char *name)
{
	const struct btf *btf = p->scope->btf;
	const char *bare = strncmp(name, "enum ", 5) ? name : name + 5;
	struct expr *e = &o->value;
	__s32 id = btf ? btf__find_by_name_kind(btf, bare, BTF_KIND_ENUM) : -ENOENT;
	int err;

	if (id < 0 && btf)
		id = btf__find_by_name_kind(btf, bare, BTF_KIND_ENUM64);
	if (id < 0)
		return no_type(p, name, true);
	err = show_as(p, f, o, name);
	if (!err)
		e->nenumerators =
			enumerators__read(btf, btf__type_by_id(btf, id), false, &e->enumerators);
	return err;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define NAMED(text, kind, sign)                                                                    \
	{                                                                                          \
		.name = text, .apply = show_as, .bytes = 4, .format = EXPR_NAMED, .names = (kind), \
		.is_signed = (sign)                                                                \
	}

static const struct function functions[] = {
	NAMED("blkdev", NAMES_DISK, false),
	NAMED("errno", NAMES_ERRNO, true),
	NAMED("family", NAMES_FAMILY, false),
	NAMED("ifname", NAMES_INTERFACE, false),
	NAMED("proto", NAMES_PROTO, false),
	NAMED("signal", NAMES_SIGNAL, true),
	NAMED("softirq", NAMES_SOFTIRQ, false),
	NAMED("syscall", NAMES_SYSCALL, true),
	NAMED("tcp_state", NAMES_TCP_STATE, false),
	NAMED("user", NAMES_USER, false),
	{ .name = "basename", .apply = last_part },
	{ .name = "cast", .apply = cast, .second = "a type" },
	{ .name = "flags", .apply = show_flags, .format = EXPR_FLAGS, .second = "an enum" },
	{ .name = "hex", .apply = show_as, .format = EXPR_HEX },
	{ .name = "ip", .apply = show_address },
	{ .name = "ksym", .apply = show_as, .bytes = 8, .format = EXPR_KSYM },
	{ .name = "path", .apply = path },
	{ .name = "ntohl", .apply = swap, .bytes = 4 },
	{ .name = "ntohs", .apply = swap, .bytes = 2 },
};

const struct function *functions__find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

const char *functions__second(const struct function *f)
{
	return f->second;
}

int functions__apply(struct parser *p, const struct function *f, struct operand *o,
		     const char *second)
{
	return f->apply(p, f, o, second);
}

int functions__refuse(const struct parser *p, const char *name)
{
	const char *names[ARRAY_SIZE(functions) + 1] = { "str" };
	__cleanup_free char *hint = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		names[i + 1] = functions[i].name;
	hint = suggest__hint(name, names, ARRAY_SIZE(names));
	return error__refuse(
		p->why,
		"unknown function \"%.60s\"%s%s str, ntohs, ntohl, ip, blkdev, ifname, "
		"errno, signal, syscall, family, proto, tcp_state, softirq, user, ksym, hex, "
		"flags, path, basename and cast",
		name, hint, *hint ? " There are" : "; there are");
}
