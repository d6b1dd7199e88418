/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/shown.h"

#include <ctype.h>

#include "base/error.h"
#include "expr/expr.h"
#include "expr/names.h"

/* In the words of a key. */
#define TEXTS_AT RP_NUMBERS
_Static_assert(RP_SHOWN_NUMBERS <= RP_NUMBERS && RP_SHOWN_TEXTS <= RP_TEXTS, "see shown__key()");

/* ---- the result ------------------------------------------------------------------------------ */

static bool is_part_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Whether what ends here makes a name of `ret` that is not the result's: a longer one, or that of a
 * member. */
static bool is_continued(const char *text, const char *end)
{
	if (end > text && is_part_of_name(end[-1]))
		return true;
	while (end > text && end[-1] == ' ')
		end--;
	return end > text &&
	       (end[-1] == '.' || (end[-1] == '>' && end - 1 > text && end[-2] == '-'));
}

static bool names_result(const char *text)
{
	for (const char *s = text; (s = strstr(s, "ret")); s += 3)
		if (!is_part_of_name(s[3]) && !is_continued(text, s))
			return true;
	return false;
}

static const char *type_of_result(const struct result *r)
{
	bool is_unsigned = r->kind == RP_KIND_UNSIGNED || r->kind == RP_KIND_UVALUE ||
			   r->kind == RP_KIND_POINTER || r->kind == RP_KIND_BOOL;

	switch (r->size) {
	case 1:
		return is_unsigned ? "unsigned char" : "signed char";
	case 2:
		return is_unsigned ? "unsigned short" : "short";
	case 4:
		return is_unsigned ? "unsigned int" : "int";
	default:
		return is_unsigned ? "unsigned long" : "long";
	}
}

/* As of a function with the only parameter ret. */
static int compile_result(const struct expr_scope *scope, const char *text, struct expr *e,
			  char **why)
{
	static const char *const name = "ret";
	const char *type = type_of_result(&scope->result);
	const struct expr_scope of_result = { .btf = scope->btf,
					      .params = &name,
					      .types = scope->btf ? &type : NULL,
					      .nparams = 1,
					      .signature = "the result: ret" };
	int err;

	if (!scope->result.size || scope->result.kind == RP_KIND_VOID)
		return error__refuse(why, "\"%.80s\": there is no result here", text);
	err = expr__compile(&of_result, text, e, why);
	if (err)
		return err;
	if (!e->field.text && !e->field.nsteps && !e->field.size)
		return 0;
	expr__free(e);
	return error__refuse(why,
			     "\"%.80s\" reads memory behind the result, which may be gone when the "
			     "call has returned; show its number: ret, hex(ret) or ret & 0xff",
			     text);
}

uint64_t shown__of_result(const struct capture_label *label, uint64_t ret)
{
	const struct rp_field *f = &label->of_result;
	bool is_signed = f->number == RP_SIGNED || f->number == RP_CHANGED_SIGNED;

	ret <<= f->left;
	ret = is_signed ? (uint64_t)((int64_t)ret >> f->right) : ret >> f->right;
	if (f->number == RP_UNSIGNED || f->number == RP_SIGNED)
		return ret;
	if (f->swapped == sizeof(uint16_t))
		ret = __builtin_bswap16((uint16_t)ret);
	else if (f->swapped == sizeof(uint32_t))
		ret = __builtin_bswap32((uint32_t)ret);
	return ret >> f->down << f->up & f->mask;
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* The index of a field. Equal fields share one. -EINVAL: no room. */
static int place_of(struct rp_field *fields, uint32_t *n, uint32_t max, const struct rp_field *f,
		    const char *what, char **why)
{
	for (uint32_t i = 0; i < *n; i++)
		if (!memcmp(&fields[i], f, sizeof(*f)))
			return i;
	if (*n == max)
		return error__refuse(why,
				     "show needs more than %u different %s of parameters; remove "
				     "some",
				     max, what);
	fields[*n] = *f;
	return (*n)++;
}

static int place(struct capture_spec *x, const struct expr *e, struct capture_label *label,
		 char **why)
{
	static const struct rp_path_layout no_path;
	struct rp_shown_spec *k = &x->kernel.sampling.show;
	int at;

	if (memcmp(&e->path, &no_path, sizeof(no_path)))
		x->kernel.path = e->path;
	if (e->field.text) {
		label->place = LABEL_TEXT;
		at = place_of(k->text, &k->ntexts, RP_SHOWN_TEXTS, &e->field, "texts", why);
		label->word = TEXTS_AT + at * (RP_TEXT_SIZE / sizeof(uint64_t));
	} else {
		label->place = LABEL_NUMBER;
		at = place_of(k->number, &k->nnumbers, RP_SHOWN_NUMBERS, &e->field, "numbers", why);
		label->word = at;
	}
	label->index = at;
	if (e->format == EXPR_IP6 && at >= 0) {
		at = place_of(k->number, &k->nnumbers, RP_SHOWN_NUMBERS, &e->second, "numbers",
			      why);
		label->second = at;
	}
	k->used = 1;
	return at < 0 ? at : 0;
}

int shown__add(struct capture_spec *x, const struct expr_scope *scope,
	       const struct expression *setting, char **why)
{
	bool of_result = names_result(setting->text) && !names__is_parameter(scope, "ret");
	struct capture_label *label;
	struct expr e;
	int err = of_result ? compile_result(scope, setting->text, &e, why)
			    : expr__compile(scope, setting->text, &e, why);

	if (err)
		return err;
	label = array__grow(&x->shown, &x->nshown, sizeof(*label));
	*label = (struct capture_label){
		.name = setting->name,
		.part = LABEL_WHOLE,
		.format = e.format,
		.names = e.names,
		.enumerators = e.enumerators,
		.nenumerators = e.nenumerators,
	};
	if (!of_result)
		return place(x, &e, label, why);
	label->place = LABEL_RESULT;
	label->of_result = e.field;
	return 0;
}

struct rp_label_key shown__key(const struct rp_shown *shown)
{
	struct rp_label_key key = { .failed = shown->failed };

	memcpy(key.word, shown->number, sizeof(shown->number));
	memcpy(&key.word[TEXTS_AT], shown->text, sizeof(shown->text));
	return key;
}
