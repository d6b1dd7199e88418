/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Most types come from BTF. System calls describe theirs as text, as `const struct sockaddr *`. BTF
 * may have struct sockaddr without a pointer to it, so a type is a base and a number of pointers.
 */
#include "expr/ctype.h"

#include <errno.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "types/btf_print.h"
#include "types/result.h"

/* Nested anonymous structs, chains of qualifiers: a deeper one is a loop in broken BTF. */
#define DEPTH_MAX 32

/* Members listed in a message. */
#define LISTED_MAX 12

#define NUMBER(s, sign)                                             \
	{                                                           \
		.kind = SHAPE_INT, .size = (s), .is_signed = (sign) \
	}

const struct plain_type plain_word = { "an untyped word", NUMBER(8, true) };
static const struct plain_type plain_unknown = { "unknown", { .kind = SHAPE_OTHER } };

static const struct plain_type plain_types[] = {
	{ "char", { .kind = SHAPE_INT, .size = 1, .is_signed = (char)-1 < 0, .is_char = true } },
	{ "unsigned char", NUMBER(1, false) },
	{ "signed char", NUMBER(1, true) },
	{ "short", NUMBER(2, true) },
	{ "unsigned short", NUMBER(2, false) },
	{ "int", NUMBER(4, true) },
	{ "unsigned int", NUMBER(4, false) },
	{ "unsigned", NUMBER(4, false) },
	{ "long", NUMBER(8, true) },
	{ "unsigned long", NUMBER(8, false) },
	{ "long long", NUMBER(8, true) },
	{ "unsigned long long", NUMBER(8, false) },
	{ "size_t", NUMBER(8, false) },
	{ "ssize_t", NUMBER(8, true) },
	{ "loff_t", NUMBER(8, true) },
	{ "off_t", NUMBER(8, true) },
	{ "pid_t", NUMBER(4, true) },
	{ "uid_t", NUMBER(4, false) },
	{ "gid_t", NUMBER(4, false) },
	{ "umode_t", NUMBER(2, false) },
	{ "u32", NUMBER(4, false) },
	{ "u64", NUMBER(8, false) },
	{ "__u32", NUMBER(4, false) },
	{ "__u64", NUMBER(8, false) },
	{ "__s32", NUMBER(4, true) },
};

/* ---- shapes ---- */

/* Older BTF has no flag for signed enums: an enumerator below 0 is the only sign. */
static bool enum_is_signed(const struct btf_type *t)
{
	bool is_signed = btf_kflag(t);

	for (int i = 0; i < btf_vlen(t) && !is_signed && btf_is_enum(t); i++)
		is_signed = (__s32)btf_enum(t)[i].val < 0;
	return is_signed;
}

static struct shape int_shape(const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf_print__name(btf, t->name_off);
	__u8 encoding = btf_int_encoding(t);
	struct shape s = { .kind = SHAPE_INT, .size = t->size, .btf = t };

	if (!result__is_size(t->size))
		s.kind = SHAPE_OTHER;
	else if (encoding & BTF_INT_BOOL)
		s.kind = SHAPE_BOOL;
	s.is_signed = encoding & BTF_INT_SIGNED;
	s.is_char = t->size == 1 && (encoding & BTF_INT_CHAR || !strcmp(name, "char"));
	return s;
}

static bool is_void(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = NULL;

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (!id)
			return true;
		t = btf__type_by_id(btf, id);
		if (!t || !(btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)))
			return false;
		id = t->type;
	}
	return false;
}

struct shape ctype__shape(const struct btf *btf, struct ctype type)
{
	const struct btf_type *t;

	if (type.stars)
		return (struct shape){ .kind = SHAPE_POINTER, .size = 8 };
	if (type.plain)
		return type.plain->shape;
	if (!btf || is_void(btf, type.id))
		return (struct shape){ .kind = SHAPE_VOID };
	t = btf_print__resolve(btf, type.id);
	if (!t)
		return (struct shape){ .kind = SHAPE_OTHER };
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return int_shape(btf, t);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (!result__is_size(t->size))
			break;
		return (struct shape){ SHAPE_ENUM, t->size, enum_is_signed(t), false, t };
	case BTF_KIND_PTR:
		return (struct shape){ .kind = SHAPE_POINTER, .size = 8 };
	case BTF_KIND_ARRAY:
		return (struct shape){ .kind = SHAPE_ARRAY, .btf = t };
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (struct shape){ .kind = SHAPE_STRUCT, .btf = t };
	}
	return (struct shape){ .kind = SHAPE_OTHER };
}

struct ctype ctype__pointee(const struct btf *btf, struct ctype type, bool *user)
{
	const struct btf_type *t, *tag;
	uint32_t id;

	if (type.stars) {
		type.stars--;
		return type;
	}
	t = btf_print__resolve(btf, type.id);
	id = t->type;
	for (int depth = 0; depth < DEPTH_MAX && id; depth++) {
		tag = btf__type_by_id(btf, id);
		if (!tag || !(btf_is_mod(tag) || btf_is_typedef(tag) || btf_is_type_tag(tag)))
			break;
		if (btf_is_type_tag(tag) && !strcmp(btf_print__name(btf, tag->name_off), "user"))
			*user = true;
		id = tag->type;
	}
	return (struct ctype){ .id = t->type };
}

struct ctype ctype__element(const struct shape *array)
{
	return (struct ctype){ .id = btf_array(array->btf)->type };
}

uint64_t ctype__size(const struct btf *btf, struct ctype t)
{
	struct shape s = ctype__shape(btf, t);
	int64_t size;

	if (s.size)
		return s.size;
	size = !t.plain && (s.kind == SHAPE_STRUCT || s.kind == SHAPE_ARRAY ||
			    s.kind == SHAPE_OTHER)
		       ? btf__resolve_size(btf, t.id)
		       : 0;
	return size > 0 ? size : 0;
}

/* ---- text ---- */

static const struct plain_type *find_plain(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain_types); i++) {
		if (!strcmp(name, plain_types[i].name))
			return &plain_types[i];
	}
	return NULL;
}

/* The base of a type, "struct sockaddr" or "key_serial_t". */
static struct ctype find_base(const struct btf *btf, const char *name)
{
	static const struct {
		const char *keyword;
		__u32 kind;
	} tagged[] = {
		{ "struct ", BTF_KIND_STRUCT },
		{ "union ", BTF_KIND_UNION },
		{ "enum ", BTF_KIND_ENUM },
		{ "enum ", BTF_KIND_ENUM64 },
	};
	struct ctype t = { .plain = find_plain(name) };
	__s32 id;

	if (t.plain || !strcmp(name, "void"))
		return t;
	for (size_t i = 0; i < ARRAY_SIZE(tagged); i++) {
		size_t len = strlen(tagged[i].keyword);

		if (strncmp(name, tagged[i].keyword, len))
			continue;
		id = btf ? btf__find_by_name_kind(btf, name + len, tagged[i].kind) : -ENOENT;
		if (id > 0)
			return (struct ctype){ .id = id };
		t.plain = &plain_unknown;
	}
	if (t.plain)
		return t;
	/* Other names are numbers: the register as it is. */
	id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) : -ENOENT;
	if (id > 0)
		t.id = id;
	else
		t.plain = &plain_word;
	return t;
}

struct ctype ctype__parse(const struct btf *btf, const char *text)
{
	static const char *const ignored[] = { "const", "volatile", "restrict", "__user" };
	__cleanup_free char *copy = xstrdup(text);
	__cleanup_buf struct buf base = {};
	uint32_t stars = 0;
	char *save = NULL;
	struct ctype t;

	if (strpbrk(text, "([")) /* a function or an array */
		return (struct ctype){ .plain = &plain_unknown };
	for (char *c = copy; *c; c++) {
		if (*c == '*') {
			stars++;
			*c = ' ';
		}
	}
	for (char *w = strtok_r(copy, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		bool skip = false;

		for (size_t i = 0; i < ARRAY_SIZE(ignored) && !skip; i++)
			skip = !strcmp(w, ignored[i]);
		if (!skip)
			buf__printf(&base, "%s%s", base.len ? " " : "", w);
	}
	t = find_base(btf, buf__str(&base));
	t.stars = stars;
	return t;
}

struct ctype ctype__number(uint64_t size, bool is_signed)
{
	static const struct {
		uint64_t size;
		const char *names[2];
	} rows[] = {
		{ 1, { "unsigned char", "signed char" } },
		{ 2, { "unsigned short", "short" } },
		{ 4, { "unsigned int", "int" } },
		{ 8, { "unsigned long", "long" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].size == size)
			return (struct ctype){ .plain = find_plain(rows[i].names[is_signed]) };
	return (struct ctype){ .plain = &plain_unknown };
}

bool ctype__find_array(const struct btf *btf, uint32_t n, uint64_t size, struct ctype *out)
{
	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		struct shape element;

		if (!btf_is_array(t) || btf_array(t)->nelems != n)
			continue;
		element = ctype__shape(btf, (struct ctype){ .id = btf_array(t)->type });
		if (element.kind != SHAPE_INT || element.is_char || element.size != size)
			continue;
		*out = (struct ctype){ .id = id };
		return true;
	}
	return false;
}

char *ctype__text(const struct btf *btf, struct ctype t)
{
	__cleanup_free char *base = NULL;
	__cleanup_buf struct buf out = {};

	if (t.plain)
		base = xstrdup(t.plain->name);
	else
		base = btf ? btf_print__declaration(btf, t.id, NULL) : xstrdup("void");
	buf__printf(&out, "%s%s", base ? base : "?", t.stars ? " " : "");
	for (uint32_t i = 0; i < t.stars; i++)
		buf__putc(&out, '*');
	return xstrdup(buf__str(&out));
}

/* ---- members ---- */

/* The struct or union of an anonymous member; NULL: m is not one. */
static const struct btf_type *anonymous(const struct btf *btf, const struct btf_member *m)
{
	const struct btf_type *t = m->name_off ? NULL : btf_print__resolve(btf, m->type);

	return t && btf_is_composite(t) ? t : NULL;
}

/* In broken BTF, a struct may contain itself. */
#define MEMBERS_MAX 20000

/* *left: members that may still be visited. */
static bool find(const struct btf *btf, const struct btf_type *t, const char *name, int depth,
		 unsigned *left, struct member *out)
{
	const struct btf_member *m = btf_members(t);

	if (depth > DEPTH_MAX)
		return false;
	for (int i = 0; i < btf_vlen(t) && *left; i++) {
		const char *its = btf_print__name(btf, m[i].name_off);
		const struct btf_type *inner = anonymous(btf, &m[i]);
		uint32_t bit = btf_member_bit_offset(t, i);

		--*left;
		if (inner && find(btf, inner, name, depth + 1, left, out)) {
			out->bit += bit;
			return true;
		}
		if (strcmp(its, name))
			continue;
		*out = (struct member){ { .id = m[i].type }, bit, btf_member_bitfield_size(t, i) };
		return true;
	}
	return false;
}

bool ctype__find_member(const struct btf *btf, const struct btf_type *t, const char *name,
			struct member *out)
{
	unsigned left = MEMBERS_MAX;

	return *name && find(btf, t, name, 0, &left, out);
}

/* ---- text with a length ---- */

/* A pointer to bytes; or a struct that begins with one, as that of std::string. */
static bool is_bytes(const struct btf *btf, uint32_t id)
{
	struct ctype t = { .id = id };
	bool user = false;

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		struct shape s = ctype__shape(btf, t);

		if (s.kind == SHAPE_POINTER)
			return ctype__shape(btf, ctype__pointee(btf, t, &user)).size == 1;
		if (s.kind != SHAPE_STRUCT || !btf_vlen(s.btf) || btf_member_bit_offset(s.btf, 0))
			return false;
		t = (struct ctype){ .id = btf_members(s.btf)[0].type };
	}
	return false;
}

static bool is_length(const struct btf *btf, const struct btf_member *m)
{
	static const char *const names[] = { "len", "length", "_M_len", "_M_string_length" };
	struct shape s = ctype__shape(btf, (struct ctype){ .id = m->type });
	const char *name = btf_print__name(btf, m->name_off);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return s.kind == SHAPE_INT && s.size == 8;
	return false;
}

bool ctype__is_counted_text(const struct btf *btf, struct ctype t, bool *length_first)
{
	struct shape s = ctype__shape(btf, t);
	const struct btf_member *m;

	if (s.kind != SHAPE_STRUCT || !btf_is_struct(s.btf) || btf_vlen(s.btf) < 2 ||
	    btf_member_bit_offset(s.btf, 0) || btf_member_bit_offset(s.btf, 1) != 64)
		return false;
	m = btf_members(s.btf);
	*length_first = is_length(btf, &m[0]);
	return *length_first ? is_bytes(btf, m[1].type)
			     : is_bytes(btf, m[0].type) && is_length(btf, &m[1]);
}

struct names {
	const char **v;
	uint32_t *types;
	size_t n, ntypes;
};

static void collect(const struct btf *btf, const struct btf_type *t, int depth, unsigned *left,
		    struct names *out)
{
	const struct btf_member *m = btf_members(t);

	if (depth > DEPTH_MAX)
		return;
	for (int i = 0; i < btf_vlen(t) && *left; i++) {
		const char *name = btf_print__name(btf, m[i].name_off);
		const struct btf_type *inner = anonymous(btf, &m[i]);

		--*left;
		if (inner)
			collect(btf, inner, depth + 1, left, out);
		if (!*name)
			continue;
		*(const char **)array__grow(&out->v, &out->n, sizeof(*out->v)) = name;
		*(uint32_t *)array__grow(&out->types, &out->ntypes, sizeof(*out->types)) =
			m[i].type;
	}
}

char *ctype__members(const struct btf *btf, const struct btf_type *t, const char *name)
{
	unsigned left = MEMBERS_MAX;
	struct names all = {};
	__cleanup_free char *hint = NULL;
	__cleanup_buf struct buf b = {};

	collect(btf, t, 0, &left, &all);
	hint = suggest__hint(name ? name : "", all.v, all.n);
	if (name)
		buf__printf(&b, "no member \"%.60s\"%s%s", name, hint,
			    *hint ? " It has " : "; it has ");
	if (!all.n)
		buf__puts(&b, "no members");
	for (size_t i = 0; i < all.n && i < LISTED_MAX; i++) {
		__cleanup_free char *text = btf_print__declaration(btf, all.types[i], all.v[i]);

		buf__printf(&b, "%s%s", i ? ", " : "", text);
	}
	if (all.n > LISTED_MAX)
		buf__printf(&b, " and %zu more", all.n - LISTED_MAX);
	free(all.v);
	free(all.types);
	return xstrdup(b.len ? buf__str(&b) : "");
}
