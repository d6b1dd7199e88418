/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modules of this kernel, loaded or not: those that modprobe could load (modules.dep) and those
 * that are built in (modules.builtin). Names have '_' where file names have '-'.
 */
#ifndef KERNEL_MODULE_LIST_H
#define KERNEL_MODULE_LIST_H

#include "base/util.h"

enum module_kind {
	MODULE_UNKNOWN, /* this kernel has no such module */
	MODULE_LOADABLE,
	MODULE_BUILTIN,
};

struct module_list;

/*
 * Reads the lists in dir; NULL: in /lib/modules/RELEASE. 0; or a negative errno: modules.dep cannot
 * be read, as in most containers. *path is what was read or not, to be freed. A kernel that cannot
 * load modules has an empty list.
 */
int module_list__read(const char *dir, struct module_list **out, char **path);
void module_list__free(struct module_list *m); /* NULL is fine */
enum module_kind module_list__find(const struct module_list *m, const char *name);
/* All names, in no order. */
const char *const *module_list__names(const struct module_list *m, size_t *n);

/* For tests: adds the names in the text of a list, which is changed. */
struct module_list *module_list__new(void);
void module_list__add(struct module_list *m, char *text, enum module_kind kind);

#endif /* KERNEL_MODULE_LIST_H */
