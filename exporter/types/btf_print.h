/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF types as C text on one line. */
#ifndef TYPES_BTF_PRINT_H
#define TYPES_BTF_PRINT_H

#include "types/declaration.h"
#include "base/util.h"

struct btf;
struct btf_type;

/* The type behind typedefs and qualifiers; NULL for void, and for what is no valid type. */
const struct btf_type *btf_print__resolve(const struct btf *btf, uint32_t id);

/* The name that a type, a member or a parameter has there; empty for none, and in broken BTF. */
const char *btf_print__name(const struct btf *btf, uint32_t offset);

/* For types/declaration.h, the types' numbers being those of BTF; valid as long as btf is. */
struct decl_types btf_print__types(const struct btf *btf);

/* "ssize_t vfs_read(struct file *file, ...)" of a BTF_KIND_FUNC_PROTO. NULL without memory. */
char *btf_print__function(const struct btf *btf, uint32_t proto, const char *name);

/* "struct file *file"; without a name (NULL), the type alone. NULL without memory. */
char *btf_print__declaration(const struct btf *btf, uint32_t type, const char *name);

#endif /* TYPES_BTF_PRINT_H */
