/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compilers make clones of a function for some of its callers: f.constprop.0 has a constant
 * argument, f.isra.0 fewer arguments, and f.part.0 is the rest of f after an inlined beginning. A
 * probe of f does not see calls of its clones.
 *
 * Clones are not counted as f: they have other arguments, and f itself calls f.part.0. A warning
 * names the clones that are not probed.
 */
#include "discover/clones.h"

#include "base/buf.h"
#include "discover/kernel_symbol.h"

#define NAMED_MAX 3 /* clones named in a sentence */

struct clone {
	const char *object, *name;
	size_t base; /* length of the function's name in name */
	bool part, can_be_probed, is_probed;
	struct claim *claim; /* if is_probed */
};

/* The kernel or a file, with its clones. */
struct source {
	struct discovery *d;
	const struct elf_file *file; /* NULL: the kernel */
	struct clone *clones;
	size_t n;
};

/* ---- clones of a source ---- */

/* Length of the function's name in the name of a clone; 0: it is not a clone. */
static size_t base_of(const char *name, bool *part)
{
	static const char *const kinds[] = { ".part.", ".constprop.", ".isra." };
	const char *dot = strchr(name, '.');

	if (!dot || strstr(dot, ".cold"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(dot, kinds[i], strlen(kinds[i])))
			continue;
		*part = strstr(dot, kinds[0]);
		return dot - name;
	}
	return 0;
}

static const struct ksym *find_kernel(const struct source *s, const char *object, const char *name)
{
	const struct ksym *k = symbols__find(s->d->sources.symbols, name);

	while (k && strcmp(k->object, object))
		k = symbols__next(s->d->sources.symbols, k);
	return k;
}

/* Whether there is such a function. *claim: on it, if it is probed. */
static bool find(const struct source *s, const char *object, const char *name, struct claim **claim)
{
	struct target key = { .type = s->file ? TARGET_USER : TARGET_KERNEL };
	struct elf_symbol sym;
	const struct ksym *k;

	*claim = NULL;
	if (s->file) {
		if (!elf_symbols__find(s->file->symbols, name, &sym))
			return false;
		key.inode = s->file->opened->inode;
		key.offset = sym.offset;
	} else {
		k = find_kernel(s, object, name);
		if (!k)
			return false;
		key.object = (char *)k->object;
		key.symbol = (char *)k->name;
		key.addr = k->addr;
	}
	*claim = claims__find(&s->d->claims, &key);
	if (*claim && (*claim)->target->reason != REASON_NONE)
		*claim = NULL;
	return true;
}

static void add(struct source *s, const char *object, const char *name, bool can_be_probed)
{
	struct clone c = { .object = object, .name = name, .can_be_probed = can_be_probed };

	c.base = base_of(name, &c.part);
	if (!c.base)
		return;
	c.is_probed = find(s, object, name, &c.claim) && c.claim;
	*(struct clone *)array__grow(&s->clones, &s->n, sizeof(*s->clones)) = c;
}

static void list_kernel(struct source *s)
{
	size_t n;
	const struct ksym *const *derived = symbols__derived(s->d->sources.symbols, &n);
	const char *why;

	for (size_t i = 0; i < n; i++)
		add(s, derived[i]->object, derived[i]->name,
		    derived[i]->copies == 1 && !kernel_symbol__verdict(s->d->sources.symbols,
								       derived[i], false, &why));
}

static void list_file(struct source *s)
{
	for (size_t i = 0; i < elf_symbols__count(s->file->symbols); i++) {
		struct elf_symbol sym = elf_symbols__at(s->file->symbols, i);

		add(s, s->file->path, sym.name, !elf_file__verdict(s->file, &sym, NULL));
	}
}

/* ---- messages ---- */

/* A PROBE that matches the clones. */
static void print_probe(struct buf *b, const struct source *s, const struct clone *c)
{
	buf__putc(b, '\'');
	if (strcmp(c->object, SYMBOLS_VMLINUX) || s->file)
		buf__printf(b, "%s:", c->object);
	for (size_t i = 0; i < c->base; i++)
		buf__printf(b, "%s%c", strchr("*?[]\\", c->name[i]) ? "\\" : "", c->name[i]);
	buf__puts(b, ".*'");
}

/* The clones of one function, or its parts, that are not probed. */
static void print_family(struct buf *b, const struct source *s, const struct clone *v, size_t n,
			 bool parts)
{
	bool can_be_probed = false;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].part != parts || v[i].is_probed)
			continue;
		if (!found && b->len)
			buf__puts(b, "; ");
		if (!found)
			buf__puts(b, parts ? "callers that have inlined its beginning call "
					   : "some callers call ");
		if (found < NAMED_MAX)
			buf__printf(b, "%s%s", found ? ", " : "", v[i].name);
		can_be_probed |= v[i].can_be_probed;
		found++;
	}
	if (!found)
		return;
	if (found > NAMED_MAX)
		buf__printf(b, " and %zu more", found - NAMED_MAX);
	if (!can_be_probed) {
		buf__puts(b, " instead, which cannot be probed");
		return;
	}
	buf__puts(b, " instead, whose calls are not counted: add ");
	print_probe(b, s, v);
	buf__puts(b, parts ? " to count them, and with them calls from the function itself"
			   : " to count them");
}

static void tell(const struct source *s, struct claim *claim, const struct clone *v, size_t n,
		 bool only_parts)
{
	__cleanup_buf struct buf text = {};

	if (!only_parts)
		print_family(&text, s, v, n, false);
	print_family(&text, s, v, n, true);
	/* A function may have several names with clones: the first counts. */
	if (text.len && !text.failed && !claim->target->uncounted)
		claim->target->uncounted = xstrdup(buf__str(&text));
}

/* v: all clones of one function. If the function itself is missing, its only clone stands for it.
 */
static void judge(const struct source *s, const struct clone *v, size_t n)
{
	__cleanup_free char *base = xstrndup(v->name, v->base);
	struct claim *claim;

	if (find(s, v->object, base, &claim)) {
		if (claim)
			tell(s, claim, v, n, false);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].is_probed && !v[i].part)
			tell(s, v[i].claim, v, n, true);
}

/* ---- all sources ---- */

static int compare_bases(const struct clone *x, const struct clone *y)
{
	size_t least = x->base < y->base ? x->base : y->base;
	int order = strcmp(x->object, y->object);

	if (!order)
		order = memcmp(x->name, y->name, least);
	return order ? order : (x->base > y->base) - (x->base < y->base);
}

static int by_base(const void *a, const void *b)
{
	const struct clone *x = a, *y = b;
	int order = compare_bases(x, y);

	return order ? order : strcmp(x->name, y->name);
}

static void judge_all(struct source *s)
{
	if (s->n)
		qsort(s->clones, s->n, sizeof(*s->clones), by_base);
	for (size_t i = 0, end; i < s->n; i = end) {
		for (end = i + 1; end < s->n && !compare_bases(&s->clones[i], &s->clones[end]);)
			end++;
		judge(s, s->clones + i, end - i);
	}
	free(s->clones);
}

void clones__describe(struct discovery *d)
{
	struct source kernel = { .d = d };

	if (d->sources.symbols) {
		list_kernel(&kernel);
		judge_all(&kernel);
	}
	for (size_t i = 0; i < d->sources.nfiles; i++) {
		struct source s = { .d = d, .file = d->sources.files[i] };

		if (!s.file->symbols)
			continue;
		list_file(&s);
		judge_all(&s);
	}
}
