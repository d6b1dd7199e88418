/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of kernel functions, from the BTF of vmlinux and of modules. */
#pragma once

#include "bpf/abi.h"
#include "types/enumerators.h"

struct btf;
struct kernel_functions;

/* What a function returns, and its prototype as C text. */
struct function_type {
	enum rp_kind kind;
	uint8_t size;	 /* bytes of the result: 1, 2, 4, 8 */
	uint32_t id;	 /* of the function, in its object's BTF */
	uint8_t slots;	 /* registers and stack words that its arguments take */
	char *signature; /* owned, as are the enumerators and their names */
	struct enumerator *enumerators;
	size_t nenumerators;
};

/* Reads vmlinux's BTF in dir; NULL: /sys/kernel/btf. 0 or a negative errno. */
int kernel_functions__open(const char *dir, struct kernel_functions **out);
void kernel_functions__free(struct kernel_functions *b);

/* object: "vmlinux" or a module, whose BTF is read on first use. -ENOENT: no such function. */
int kernel_functions__function(struct kernel_functions *b, const char *object, const char *name,
			       struct function_type *out);
/* The function's prototype: a type id in *btf, which is borrowed. -ENOENT: no such function. */
int kernel_functions__proto(struct kernel_functions *b, const char *object, const char *name,
			    const struct btf **btf, uint32_t *proto);
/* Whether the object has BTF. False if b is NULL. */
bool kernel_functions__has(struct kernel_functions *b, const char *object);
/* BTF of vmlinux. NULL if b is NULL. */
const struct btf *kernel_functions__vmlinux(const struct kernel_functions *b);
void function_type__free(struct function_type *f); /* its members */
