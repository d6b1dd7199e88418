/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF types as C text on one line. */
#pragma once

#include "types/declaration.h"
#include "base/util.h"

struct btf;
struct btf_type;

/* Sees through typedefs and qualifiers. NULL: void, or not a valid type. */
const struct btf_type *btf_print__resolve(const struct btf *btf, uint32_t id);

/* The name of a type, member or parameter by its name_off. "": it has none, or BTF is broken. */
const char *btf_print__name(const struct btf *btf, uint32_t offset);

/* Types for types/declaration.h, numbered by their BTF ids. Valid as long as btf. */
struct decl_types btf_print__types(const struct btf *btf);

/* "struct file *file", or "ssize_t vfs_read(struct file *file, ...)" of a BTF_KIND_FUNC_PROTO;
 * without a name (NULL), the type alone. NULL without memory. */
char *btf_print__declaration(const struct btf *btf, uint32_t type, const char *name);
