/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modules of this kernel, loaded or not: loadable ones (modules.dep) and built-in ones
 * (modules.builtin). Names have '_' for the '-' of file names.
 */
#pragma once

#include "base/util.h"

enum module_kind {
	MODULE_UNKNOWN, /* this kernel has no such module */
	MODULE_LOADABLE,
	MODULE_BUILTIN,
};

struct module_list;

/*
 * Reads the lists in dir, or in /lib/modules/RELEASE if dir is NULL. 0; or a negative errno if
 * modules.dep cannot be read, as in most containers. *path is the path of modules.dep, to be freed.
 * A kernel that cannot load modules has an empty list.
 */
int module_list__read(const char *dir, struct module_list **out, char **path);
void module_list__free(struct module_list *m); /* NULL is fine */
enum module_kind module_list__find(const struct module_list *m, const char *name);
/* All names, unsorted. */
const char *const *module_list__names(const struct module_list *m, size_t *n);

/* A hash that changes when a module is loaded or unloaded, never 0. Ignores modules that are still
 * loading or unloading. proc: "/proc". */
uint64_t module_list__fingerprint(const char *proc);

/* For tests: adds the names in the text of a list. Modifies text. */
struct module_list *module_list__new(void);
void module_list__add(struct module_list *m, char *text, enum module_kind kind);
