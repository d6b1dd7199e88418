/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/ksym_names.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/file.h"
#include "kernel/kallsyms.h"
#include "kernel/module_list.h"

#define NAMES_MAX    16384
#define FUNCTION_MAX (1 << 20) /* an address further from a symbol is not in its function */
#define SHARE	     0.1       /* of the time, for passes */

struct ksym_name {
	uint64_t addr;
	char *text; /* NULL: unknown */
};

struct ksym_names {
	char *proc;
	struct ksym_name *v; /* by address */
	size_t n;
	uint64_t modules; /* those that the names are of */
	double next;	  /* no pass before; monotonic seconds */
};

struct ksym_names *ksym_names__new(const char *proc)
{
	struct ksym_names *k = xcalloc(1, sizeof(*k));

	k->proc = xstrdup(proc);
	return k;
}

static void forget(struct ksym_names *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->v[i].text);
	free(take_ptr(k->v));
	k->n = 0;
}

void ksym_names__free(struct ksym_names *k)
{
	if (!k)
		return;
	forget(k);
	free(k->proc);
	free(k);
}

static int by_addr(const void *a, const void *b)
{
	const struct ksym_name *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static struct ksym_name *find(const struct ksym_names *k, uint64_t addr)
{
	struct ksym_name key = { .addr = addr };

	return k->n ? bsearch(&key, k->v, k->n, sizeof(*k->v), by_addr) : NULL;
}

/* ---- a pass ---------------------------------------------------------------------------------- */

/* The symbol before an address. */
struct best {
	uint64_t addr, symbol;
	const char *name, *object; /* in the text */
};

static int compare_best(const void *a, const void *b)
{
	const struct best *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* New addresses, ascending, each once. */
static size_t select_new(const struct ksym_names *k, const uint64_t *addrs, size_t n,
			 struct best *out)
{
	size_t nnew = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!find(k, addrs[i]))
			out[nnew++] = (struct best){ .addr = addrs[i] };
	qsort(out, nnew, sizeof(*out), compare_best);
	for (size_t i = 0; i < nnew; i++)
		if (!kept || out[kept - 1].addr != out[i].addr)
			out[kept++] = out[i];
	return kept;
}

/* Gives the symbol to the first address from it on. */
static void offer(struct best *v, size_t n, const struct kallsyms_line *line)
{
	size_t first = 0, end = n;

	while (first < end) {
		size_t middle = (first + end) / 2;

		if (v[middle].addr < line->addr)
			first = middle + 1;
		else
			end = middle;
	}
	if (first < n && v[first].symbol < line->addr) {
		v[first].symbol = line->addr;
		v[first].name = line->name;
		v[first].object = line->object;
	}
}

static char *spell(const struct best *b)
{
	bool module = b->object && strcmp(b->object, KALLSYMS_VMLINUX);

	if (!b->name || b->addr - b->symbol >= FUNCTION_MAX)
		return NULL;
	return xasprintf("%s+0x%llx%s%s%s", b->name, (unsigned long long)(b->addr - b->symbol),
			 module ? " [" : "", module ? b->object : "", module ? "]" : "");
}

static void read_names(struct ksym_names *k, struct best *v, size_t n)
{
	__cleanup_free char *path = xasprintf("%s/kallsyms", k->proc), *text = NULL;
	struct kallsyms_line line;

	if (file__read(AT_FDCWD, path, 0, &text, NULL))
		return;
	for (char *rest = text; kallsyms__next(&rest, &line);)
		if (line.addr && kallsyms__is_function(line.type))
			offer(v, n, &line);
	/* An address without a symbol of its own has that of the one before it. */
	for (size_t i = 1; i < n; i++)
		if (v[i].symbol < v[i - 1].symbol) {
			v[i].symbol = v[i - 1].symbol;
			v[i].name = v[i - 1].name;
			v[i].object = v[i - 1].object;
		}
	for (size_t i = 0; i < n; i++)
		*(struct ksym_name *)array__grow(&k->v, &k->n, sizeof(*k->v)) =
			(struct ksym_name){ v[i].addr, spell(&v[i]) };
	qsort(k->v, k->n, sizeof(*k->v), by_addr);
}

void ksym_names__look_up(struct ksym_names *k, const uint64_t *addrs, size_t n)
{
	uint64_t modules = module_list__fingerprint(k->proc);
	double begun = monotonic_seconds();
	__cleanup_free struct best *v = xcalloc(n + 1, sizeof(*v));
	size_t nnew;

	if (modules != k->modules || k->n > NAMES_MAX)
		forget(k);
	k->modules = modules;
	nnew = select_new(k, addrs, n, v);
	if (!nnew || begun < k->next)
		return;
	read_names(k, v, nnew);
	k->next = begun + (monotonic_seconds() - begun) / SHARE;
}

const char *ksym_names__of(const struct ksym_names *k, uint64_t addr)
{
	const struct ksym_name *found = find(k, addr);

	return found && found->text ? found->text : "?";
}
