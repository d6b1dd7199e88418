/* SPDX-License-Identifier: GPL-2.0-only */
/* kallsyms, available_filter_functions and the kprobe blacklist, with lines "--" in between. */
#include "kernel/symbols.h"
#include "fuzz.h"

static void check_symbol(const struct symbols *s, const struct ksym *sym)
{
	const struct ksym *found = symbols__find(s, sym->name);

	while (found && found != sym)
		found = symbols__next(s, found);
	fuzz__check(found == sym);
	fuzz__check(sym->copies);
	fuzz__check(symbols__has_object(s, sym->object));
}

void fuzz__input(const char *data, size_t len)
{
	const char *paths[FUZZ_FILES];
	struct symbols *s;
	const struct ksym *v;
	size_t n;

	for (unsigned i = 0; i < ARRAY_SIZE(paths); i++) {
		struct fuzz_part part = fuzz__part(&data, &len);

		paths[i] = fuzz__file(i, part.data, part.len);
	}
	if (symbols__read(&(struct symbols_env){ paths[0], paths[1], paths[2], -1 }, &s))
		return;
	v = symbols__all(s, &n);
	for (size_t i = 0; i < n; i++)
		check_symbol(s, &v[i]);
	symbols__free(s);
}
