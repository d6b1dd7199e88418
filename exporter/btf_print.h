/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF types as C text on one line. */
#ifndef BTF_PRINT_H
#define BTF_PRINT_H

#include "util.h"

struct btf;
struct btf_type;

/* The type behind typedefs and qualifiers; NULL for void, and for what is no valid type. */
const struct btf_type *btf_print__resolve(const struct btf *btf, uint32_t id);

/* "ssize_t vfs_read(struct file *file, ...)" of a BTF_KIND_FUNC_PROTO. NULL without memory. */
char *btf_print__function(const struct btf *btf, uint32_t proto, const char *name);

#endif /* BTF_PRINT_H */
