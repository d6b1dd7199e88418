/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of the kernel's functions, from its BTF and its modules'. */
#ifndef TYPES_KERNEL_FUNCTIONS_H
#define TYPES_KERNEL_FUNCTIONS_H

#include "bpf/abi.h"
#include "discover/discover.h"

struct btf;
struct btf_types;

/* What a function returns, and its prototype as C text. */
struct func_type {
	enum rp_kind kind;
	uint8_t size;	 /* bytes of the result: 1, 2, 4, 8 */
	uint32_t id;	 /* of the function, in its object's BTF */
	uint8_t slots;	 /* registers and stack words that its arguments take */
	char *signature; /* owned, as are the enumerators and their names */
	struct enumerator *enumerators;
	size_t nenumerators;
};

/* dir as in discover_env; NULL for the running kernel's. 0 or the error that vmlinux's BTF gives.
 */
int btf_types__open(const char *dir, struct btf_types **out);
void btf_types__free(struct btf_types *b);

/* object is "vmlinux" or a module, whose BTF is then read. -ENOENT if it has no such function. */
int btf_types__function(struct btf_types *b, const char *object, const char *name,
			struct func_type *out);
/* Where its prototype is: the object's BTF, which the caller does not free, and the type's id
 * there. -ENOENT likewise. */
int btf_types__proto(struct btf_types *b, const char *object, const char *name,
		     const struct btf **btf, uint32_t *proto);
/* Whether there are types of that object's functions. False where b is NULL. */
bool btf_types__has(struct btf_types *b, const char *object);
/* vmlinux's. NULL where b is NULL. */
const struct btf *btf_types__vmlinux(const struct btf_types *b);
void func_type__free(struct func_type *f); /* what is in it */

#endif /* TYPES_KERNEL_FUNCTIONS_H */
