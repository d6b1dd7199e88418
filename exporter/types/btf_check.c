/* SPDX-License-Identifier: GPL-2.0-only */
/* Debian 12's libbpf (1.1) trusts the ids and names of BTF that it parses. */
#include "types/btf_check.h"

#include <bpf/btf.h>
#include <ctype.h>

struct walk {
	const struct btf_header *header;
	const uint8_t *types;
	const char *strings;
	uint32_t enumerators_max;
	uint32_t ntypes; /* 0: not known yet */
};

static bool is_name(const struct walk *w, uint32_t offset)
{
	return offset < w->header->str_len;
}

static bool is_id(const struct walk *w, uint32_t id)
{
	return !w->ntypes || id < w->ntypes;
}

/* ---- the parts of a type --------------------------------------------------------------------- */

static bool members_are_sound(const struct walk *w, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);

	for (unsigned i = 0; i < btf_vlen(t); i++)
		if (!is_name(w, m[i].name_off) || !is_id(w, m[i].type))
			return false;
	return true;
}

static bool enumerators_are_sound(const struct walk *w, const struct btf_type *t)
{
	if (btf_vlen(t) > w->enumerators_max)
		return false;
	for (unsigned i = 0; i < btf_vlen(t); i++)
		if (!is_name(w, btf_is_enum64(t) ? btf_enum64(t)[i].name_off
						 : btf_enum(t)[i].name_off))
			return false;
	return true;
}

static bool parameters_are_sound(const struct walk *w, const struct btf_type *t)
{
	const struct btf_param *p = btf_params(t);

	for (unsigned i = 0; i < btf_vlen(t); i++)
		if (!is_name(w, p[i].name_off) || !is_id(w, p[i].type))
			return false;
	return is_id(w, t->type);
}

/* The size of a type after its struct btf_type; -1: of another kind. */
static int64_t size_of_parts(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FLOAT:
		return 0;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_vlen(t) * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return btf_vlen(t) * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return btf_vlen(t) * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return btf_vlen(t) * sizeof(struct btf_param);
	}
	return -1;
}

/* All of the type is there. */
static bool is_sound_type(const struct walk *w, const struct btf_type *t)
{
	if (!is_name(w, t->name_off))
		return false;
	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY:
		return is_id(w, btf_array(t)->type) && is_id(w, btf_array(t)->index_type);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return members_are_sound(w, t);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return enumerators_are_sound(w, t);
	case BTF_KIND_FUNC_PROTO:
		return parameters_are_sound(w, t);
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
		return is_id(w, t->type);
	}
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The type at *at, which moves on. NULL: there is no whole one. */
static const struct btf_type *next_type(const struct walk *w, uint32_t *at)
{
	const struct btf_type *t = (const void *)(w->types + *at);
	uint32_t left = w->header->type_len - *at;
	int64_t parts;

	if (left < sizeof(*t))
		return NULL;
	parts = size_of_parts(t);
	if (parts < 0 || (uint64_t)parts > left - sizeof(*t))
		return NULL;
	*at += sizeof(*t) + parts;
	return t;
}

static bool types_are_sound(const struct walk *w, uint32_t *n)
{
	uint32_t at = 0;

	*n = 1; /* void */
	while (at < w->header->type_len) {
		const struct btf_type *t = next_type(w, &at);

		if (!t || !is_sound_type(w, t))
			return false;
		++*n;
	}
	return true;
}

static bool strings_are_sound(const struct walk *w, size_t name_max)
{
	uint32_t len = w->header->str_len;
	size_t name = 0;

	if (!len || w->strings[0] || w->strings[len - 1])
		return false;
	for (uint32_t i = 0; i < len; i++) {
		if (w->strings[i] && (iscntrl((unsigned char)w->strings[i]) || ++name > name_max))
			return false;
		if (!w->strings[i])
			name = 0;
	}
	return true;
}

static bool begin(const struct btf_check *c, struct walk *w)
{
	const struct btf_header *h = c->data;

	*w = (struct walk){ .header = h, .enumerators_max = c->enumerators_max };
	if (c->size < sizeof(*h) || h->magic != BTF_MAGIC || h->version != BTF_VERSION ||
	    h->flags || h->hdr_len != sizeof(*h) || h->type_off || h->type_len % 4 ||
	    h->str_off != h->type_len || (uint64_t)sizeof(*h) + h->type_len + h->str_len != c->size)
		return false;
	w->types = (const uint8_t *)(h + 1);
	w->strings = (const char *)w->types + h->str_off;
	return true;
}

bool btf_check__is_sound(struct btf_check *c)
{
	struct walk w;

	/* Twice: the first time, it is not known which ids exist. */
	return begin(c, &w) && strings_are_sound(&w, c->name_max) &&
	       types_are_sound(&w, &c->types) && (w.ntypes = c->types) &&
	       types_are_sound(&w, &c->types);
}

int btf_check__next(const struct btf_check *c, uint32_t *at)
{
	const struct btf_type *t;
	struct walk w;

	if (!begin(c, &w) || *at >= w.header->type_len)
		return -1;
	t = next_type(&w, at);
	return t && btf_is_func_proto(t) ? (int)btf_vlen(t) : -1;
}
