/* SPDX-License-Identifier: GPL-2.0-only */
/* A probe has as many places as the compiler has made copies of its code, each with its arguments
 * elsewhere. Providers of one file may have probes of one name. */
#include "discover/usdt.h"

#include <errno.h>

#include "base/error.h"
#include "base/suggest.h"
#include "elf/operands.h"
#include "expr/capture_new.h"

bool usdt__is(const struct elf_usdt *u, const char *name)
{
	const char *colon = strchr(name, ':');
	size_t len = colon ? (size_t)(colon - name) : 0;

	if (!colon)
		return !strcmp(u->name, name);
	return strlen(u->provider) == len && !strncmp(u->provider, name, len) &&
	       !strcmp(u->name, colon + 1);
}

char *usdt__name(const struct elf_usdt *u)
{
	return xasprintf("%s:%s", u->provider, u->name);
}

char *usdt__signature(const struct elf_usdt *u)
{
	return xasprintf("%s(%s)", u->name, u->args);
}

bool usdt__is_copy(const struct elf_file *f, size_t i)
{
	struct elf_usdt of = elf_symbols__usdt(f->symbols, i);

	for (size_t k = 0; k < i; k++) {
		struct elf_usdt u = elf_symbols__usdt(f->symbols, k);

		if (!strcmp(u.name, of.name) && !strcmp(u.provider, of.provider))
			return true;
	}
	return false;
}

char *usdt__missing(const struct elf_file *f, const char *name)
{
	size_t n = elf_symbols__nusdts(f->symbols);
	__cleanup_free const char **v = xcalloc(n + 1, sizeof(*v));
	const char *colon = strchr(name, ':');
	__cleanup_free char *near = NULL;

	for (size_t i = 0; i < n; i++)
		v[i] = elf_symbols__usdt(f->symbols, i).name;
	near = suggest__hint(colon ? colon + 1 : name, v, n);
	return xasprintf("no USDT probe %s in %s%s%s", name, f->path,
			 n ? "" : ", which was built without any", near);
}

char *usdt__add_places(const struct elf_file *f, const char *name, const struct span_point *point,
		       struct target *t, enum target_reason *reason)
{
	const char *provider = NULL;

	*reason = REASON_NOT_FOUND;
	if (!f->symbols)
		return xstrdup(f->why);
	for (size_t i = 0; i < elf_symbols__nusdts(f->symbols); i++) {
		struct elf_usdt u = elf_symbols__usdt(f->symbols, i);

		if (!usdt__is(&u, name))
			continue;
		*reason = REASON_AMBIGUOUS;
		if (provider && strcmp(provider, u.provider))
			return xasprintf("%s has several USDT probes %s: write %s:%s or %s:%s",
					 f->path, name, provider, name, u.provider, name);
		provider = u.provider;
		*(struct point_place *)array__grow(&t->points, &t->npoints, sizeof(*t->points)) =
			(struct point_place){ .point = point,
					      .opened = opened_file__ref(f->opened),
					      .offset = u.offset,
					      .semaphore = u.semaphore };
	}
	*reason = REASON_NOT_FOUND;
	return provider ? NULL : usdt__missing(f, name);
}

/* ---- arguments ------------------------------------------------------------------------------- */

bool usdt__at(const struct elf_file *f, const char *name, uint64_t offset, struct elf_usdt *out)
{
	for (size_t i = 0; f->symbols && i < elf_symbols__nusdts(f->symbols); i++) {
		*out = elf_symbols__usdt(f->symbols, i);
		if (out->offset == offset && usdt__is(out, name))
			return true;
	}
	return false;
}

int usdt__read_arguments(struct sources *src, const struct elf_file *f, const char *name,
			 const struct point_place *at, struct usdt_arguments *out,
			 struct expr_scope *scope)
{
	static const char *const names[] = { "arg0", "arg1", "arg2", "arg3", "arg4", "arg5" };
	static const char *const types[][2] = {
		[0] = { "unsigned long", "unsigned long" },
		[1] = { "unsigned char", "signed char" },
		[2] = { "unsigned short", "short" },
		[4] = { "unsigned int", "int" },
		[8] = { "unsigned long", "long" },
	};
	size_t n;

	*out = (struct usdt_arguments){};
	if (!usdt__at(f, name, at->offset, &out->probe))
		return -EINVAL;
	n = operands__parse(out->probe.args, out->operands, RP_OPERANDS);
	n = n < RP_OPERANDS ? n : RP_OPERANDS;
	for (size_t i = 0; i < n; i++)
		out->types[i] = types[out->operands[i].size][out->operands[i].is_signed];
	out->signature = usdt__signature(&out->probe);
	scope->user = true;
	scope->btf = kernel_functions__vmlinux(sources__types(src));
	scope->signature = out->signature;
	scope->params = names;
	scope->types = out->types;
	scope->nparams = n;
	return 0;
}

int usdt__set_operands(struct rp_capture_spec *k, const struct usdt_arguments *a, char **why)
{
	k->place = RP_PLACE_USDT;
	memcpy(k->operand, a->operands, sizeof(a->operands));
	for (int i = 0; i < RP_OPERANDS; i++)
		if (k->reads_args & 1U << i && k->operand[i].kind == RP_OPERAND_NONE)
			return error__refuse(
				why,
				"arg%d of %s cannot be read: its arguments are \"%.200s\", "
				"and only registers, memory at registers and constants "
				"can",
				i, a->probe.name, a->probe.args);
	return 0;
}

/* ---- points that are counted ----------------------------------------------------------------- */

static const struct source_pos *first_setting(const struct probe_settings *s)
{
	return s->nlabels     ? &s->labels[0].pos
	       : s->nfilters  ? &s->filters[0].pos
	       : s->nobserved ? &s->observed[0].pos
			      : &s->measured_pos;
}

static int capture_at(struct sources *src, const struct probe_settings *s, struct target *t,
		      struct point_place *at, const struct source_pos **pos, char **why)
{
	struct expr_scope scope = { .result.kind = t->kind, .is_point = true };
	struct elf_file *f = sources__file(src, t->object);
	struct usdt_arguments a;
	int err = usdt__read_arguments(src, f, t->function, at, &a, &scope);

	if (err)
		return err;
	err = capture_spec__new(s, &scope, &t->error, &at->capture, pos, why);
	t->capture = t->points[0].capture;
	if (!err && at->capture) {
		*pos = first_setting(s);
		err = usdt__set_operands(&at->capture->kernel, &a, why);
	}
	free(a.signature);
	return err;
}

int usdt__capture(struct sources *src, const struct probe_settings *s, struct target *t,
		  const struct source_pos **pos, char **why)
{
	int err = 0;

	for (size_t i = 0; i < t->npoints && !err; i++)
		err = capture_at(src, s, t, &t->points[i], pos, why);
	return err;
}
