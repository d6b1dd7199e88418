/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first name of an expression is a parameter, an argument register, or a word about the task.
 *
 * The registers of a parameter depend on the types of the parameters before it. A struct passed by
 * value takes up to two (x86-64 psABI 3.2.3, AAPCS64 6.8.2). If they do not fit, x86-64 passes it
 * on the stack, and the next parameter gets the register. Only the first six words can be read:
 * x86-64 has six registers, and the context of a trampoline has six words on every architecture.
 *
 * Of user functions, DWARF tells the places (elf/dwarf_places.c).
 */
#include "expr/names.h"

#include <ctype.h>

#include "base/suggest.h"
#include "config/named_label.h"
#include "expr/record.h"
#include "types/btf_print.h"

#define WORDS	  PLACE_WORDS

#define THE_WORDS "pid, tid, uid, cpu, cgroup and comm"

bool names__word(const char *name, struct operand *out)
{
	const struct named_label *word = named_label__find(name);

	if (!word || word->part != LABEL_WHOLE)
		return false;
	*out = (struct operand){ .type = { .plain = &plain_word }, .is_word = true };
	out->field.source = word->source;
	out->is_text = word->source == RP_SOURCE_COMM;
	return true;
}

/* ---- parameters ---- */

static const struct btf_type *proto_of(const struct expr_scope *s)
{
	return s->btf && s->proto ? btf__type_by_id(s->btf, s->proto) : NULL;
}

/* Registers that an argument of that type takes; 0: it is always passed on the stack. */
static uint32_t words_of(const struct btf *btf, uint32_t type)
{
	uint64_t size = ctype__size(btf, (struct ctype){ .id = type });

	if (size > 16)
#ifdef __x86_64__
		return 0;
#else
		return 1; /* a pointer to a copy */
#endif
	return size > 8 ? 2 : 1;
}

/* The first word of parameter i of a kernel function; WORDS: it is on the stack. *n: words that all
 * parameters take. */
static uint32_t word_of(const struct btf *btf, const struct btf_type *proto, int i, uint32_t *n)
{
	const struct btf_param *params = btf_params(proto);
	uint32_t next = 0, where = WORDS;

	for (int k = 0; k < btf_vlen(proto); k++) {
		uint32_t need = words_of(btf, params[k].type);
		bool fits = need && next + need <= WORDS;

		if (k == i && fits)
			where = next;
		if (fits)
			next += need;
	}
	*n = next;
	return where;
}

/* " of SIGNATURE", or "" without one. */
static char *in_signature(const struct expr_scope *s)
{
	return s->signature ? xasprintf(" of %s", s->signature) : xstrdup("");
}

static int on_the_stack(struct parser *p, const char *name)
{
	__cleanup_free char *of = in_signature(p->scope);

	return error__refuse(p->why,
			     "\"%.60s\"%s is passed on the stack: only arguments in the first %d "
			     "registers can be read",
			     name, of, WORDS);
}

/* The place of parameter i. */
static struct parameter_place place_of(const struct expr_scope *s, int i)
{
	const struct btf_type *proto = proto_of(s);
	uint64_t size = ctype__size(s->btf, (struct ctype){ .id = btf_params(proto)[i].type });
	uint32_t word, n;

	if (s->places && s->places[i].kind == PLACE_REGISTER && size > 8U * s->places[i].words)
		return (struct parameter_place){ .kind = PLACE_STACK };
	if (s->places)
		return s->places[i];
	word = word_of(s->btf, proto, i, &n);
	if (word == WORDS || size > 16)
		return (struct parameter_place){ .kind = PLACE_STACK };
	return (struct parameter_place){ PLACE_REGISTER, word, size > 8 ? 2 : 1 };
}

static int not_in_a_register(struct parser *p, const char *name, enum place_kind kind)
{
	static const char *const whys[PLACE_KINDS] = {
		[PLACE_FLOAT] = "is passed in a floating-point register, which cannot be read",
		[PLACE_DROPPED] = "is optimised away: callers may pass anything instead",
		[PLACE_UNKNOWN] = "cannot be located: the debug information does not tell where it "
				  "is when the function is entered",
	};
	__cleanup_free char *of = in_signature(p->scope);

	return kind == PLACE_STACK ? on_the_stack(p, name)
				   : error__refuse(p->why, "\"%.60s\"%s %s", name, of, whys[kind]);
}

static int btf_parameter(struct parser *p, const char *name, struct operand *out, bool *found)
{
	const struct expr_scope *s = p->scope;
	const struct btf_type *proto = proto_of(s);
	const struct btf_param *params = proto ? btf_params(proto) : NULL;

	for (int i = 0; proto && i < btf_vlen(proto); i++) {
		struct parameter_place place;

		if (strcmp(btf_print__name(s->btf, params[i].name_off), name))
			continue;
		*found = true;
		place = place_of(s, i);
		if (place.kind != PLACE_REGISTER)
			return not_in_a_register(p, name, place.kind);
		*out = (struct operand){ .type = { .id = params[i].type } };
		out->field.source = RP_SOURCE_ARG + place.word;
		return 0;
	}
	return 0;
}

static int text_parameter(struct parser *p, const char *name, struct operand *out, bool *found)
{
	const struct expr_scope *s = p->scope;

	for (size_t i = 0; i < s->nparams; i++) {
		if (strcmp(s->params[i], name))
			continue;
		*found = true;
		if (i >= WORDS)
			return on_the_stack(p, name);
		*out = (struct operand){ .type = { .plain = &plain_word } };
		if (s->types)
			out->type = ctype__parse(s->btf, s->types[i]);
		out->field.source = RP_SOURCE_ARG + i;
		return 0;
	}
	return 0;
}

/* ---- arg0 ... arg5 ---- */

/* The number of argument words; WORDS: unknown. */
static uint32_t known_words(const struct expr_scope *s)
{
	const struct btf_type *proto = proto_of(s);
	uint32_t n = WORDS;

	if (s->params)
		return s->nparams < WORDS ? s->nparams : WORDS;
	/* A last parameter without a type is "...". */
	if (proto && !s->places &&
	    !(btf_vlen(proto) && !btf_params(proto)[btf_vlen(proto) - 1].type))
		word_of(s->btf, proto, -1, &n);
	return n;
}

/* The type of the parameter that begins in a word. */
static bool declared_type(const struct expr_scope *s, uint32_t word, struct ctype *out)
{
	const struct btf_type *proto = proto_of(s);

	if (s->types && word < s->nparams) {
		*out = ctype__parse(s->btf, s->types[word]);
		return true;
	}
	for (int i = 0; proto && i < btf_vlen(proto); i++) {
		struct parameter_place place = place_of(s, i);

		if (place.kind != PLACE_REGISTER || place.word != word)
			continue;
		*out = (struct ctype){ .id = btf_params(proto)[i].type };
		return true;
	}
	return false;
}

static int register_name(struct parser *p, const char *name, struct operand *out, bool *found)
{
	const char *digits = name + 3;
	__cleanup_free char *of = NULL;
	uint32_t n = known_words(p->scope);
	unsigned long number;

	if (p->scope->is_return || strncmp(name, "arg", 3) || !isdigit((unsigned char)*digits) ||
	    digits[strspn(digits, "0123456789")])
		return 0;
	*found = true;
	number = strtoul(digits, NULL, 10);
	of = in_signature(p->scope);
	if (number >= WORDS)
		return error__refuse(p->why,
				     "\"%.60s\": only arg0 to arg%d can be read; further arguments "
				     "are passed on the stack",
				     name, WORDS - 1);
	if (!n)
		return error__refuse(p->why, "\"%.60s\": there is no argument%s", name, of);
	if (number >= n)
		return error__refuse(p->why, "\"%.60s\": the last argument%s is arg%u", name, of,
				     n - 1);
	*out = (struct operand){ .type = { .plain = &plain_word } };
	out->field.source = RP_SOURCE_ARG + number;
	out->is_declared = declared_type(p->scope, number, &out->declared);
	return 0;
}

/* ---- unknown names ---- */

/* The names of all parameters. */
static size_t list_parameters(const struct expr_scope *s, const char ***out)
{
	const struct btf_type *proto = proto_of(s);
	size_t n = 0;

	*out = NULL;
	for (size_t i = 0; i < s->nparams; i++)
		*(const char **)array__grow(out, &n, sizeof(**out)) = s->params[i];
	for (int i = 0; proto && i < btf_vlen(proto); i++) {
		const char *name = btf_print__name(s->btf, btf_params(proto)[i].name_off);

		if (*name)
			*(const char **)array__grow(out, &n, sizeof(**out)) = name;
	}
	return n;
}

bool names__is_parameter(const struct expr_scope *s, const char *name)
{
	__cleanup_free const char **v = NULL;
	size_t n = list_parameters(s, &v);

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(v[i], name))
			return true;
	}
	return record__has(s, name);
}

/* Names of the result, which does not exist at entry. */
static bool is_result(const char *name)
{
	return !strcmp(name, "ret") || !strcmp(name, "value") || !strcmp(name, "retval");
}

static int unknown(struct parser *p, const char *name)
{
	const struct expr_scope *s = p->scope;
	__cleanup_free const char **v = NULL;
	__cleanup_free char *hint = NULL;
	size_t n = list_parameters(s, &v);
	bool typed = n || proto_of(s);

	for (size_t i = 0; i < NAMED_LABELS; i++)
		if (named_labels[i].part == LABEL_WHOLE)
			*(const char **)array__grow(&v, &n, sizeof(*v)) = named_labels[i].name;
	hint = suggest__hint(name, v, n);
	if (s->is_return)
		return error__refuse(p->why,
				     "\"%.60s\" is not known at the return of a function, where "
				     "there are only ret and " THE_WORDS "%s",
				     name, hint);
	if (is_result(name))
		return error__refuse(
			p->why,
			"\"%.60s\": expressions are read at entry, before there is a result; "
			"use it in a filter, as in ret < 0 or outcome == error",
			name);
	if (!typed && s->needs_types)
		*s->needs_types = true;
	if (!typed)
		return error__refuse(
			p->why,
			"unknown name \"%.60s\"%s%s here: %s; write arg0 to arg%d, "
			"str(arg0) where an argument points to text, or one of " THE_WORDS,
			name, hint,
			*hint ? " Parameters have no names" : ": parameters have no names",
			s->untyped ? s->untyped : "there are no types for this function",
			WORDS - 1);
	return error__refuse(
		p->why,
		"no parameter \"%.60s\"%s%s %s; arg0 to arg%d can be used too, and " THE_WORDS,
		name, hint, *hint ? " The function is" : ": the function is",
		s->signature ? s->signature : "one with other parameters", WORDS - 1);
}

int names__resolve(struct parser *p, const char *name, struct operand *out)
{
	bool found = false;
	int err;

	if (p->scope->is_event && (record__has(p->scope, name) || !names__word(name, out)))
		return record__resolve(p, name, out);
	err = btf_parameter(p, name, out, &found);
	if (!found)
		err = text_parameter(p, name, out, &found);
	if (!found)
		err = register_name(p, name, out, &found);
	if (found)
		return err;
	return names__word(name, out) ? 0 : unknown(p, name);
}
