/* SPDX-License-Identifier: GPL-2.0-only */
/* modules.dep and modules.builtin, with a line "--" between. */
#include "fuzz.h"
#include "kernel/module_list.h"

void fuzz__input(const char *data, size_t len)
{
	struct module_list *m = module_list__new();
	size_t n;

	for (enum module_kind kind = MODULE_LOADABLE; kind <= MODULE_BUILTIN; kind++) {
		struct fuzz_part part = fuzz__part(&data, &len);
		__cleanup_free char *text = fuzz__text(part.data, part.len);

		module_list__add(m, text, kind);
	}
	module_list__names(m, &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = module_list__names(m, &n)[i];

		fuzz__check(*name && !strpbrk(name, "-/:\n"));
		fuzz__check(module_list__find(m, name) != MODULE_UNKNOWN);
	}
	module_list__free(m);
}
