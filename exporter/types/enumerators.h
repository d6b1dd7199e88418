/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of an enum's values, from BTF. */
#ifndef TYPES_ENUMERATORS_H
#define TYPES_ENUMERATORS_H

#include "base/util.h"

struct btf;
struct btf_type;

/* A name of a value, as metrics show it. */
struct enumerator {
	int64_t value; /* extended from the enum's size */
	char *name;
};

/* Ascending, each value once: of several names the first stands. Returns how many; *out is to be
 * given to enumerators__free(). */
size_t enumerators__read(const struct btf *btf, const struct btf_type *t, bool is_signed,
			 struct enumerator **out);
/* Or NULL. */
const char *enumerators__name(const struct enumerator *v, size_t n, int64_t value);
void enumerators__free(struct enumerator *v, size_t n);

/* Enumerator i as it is: its name, and its value extended from the enum's size. */
const char *enumerators__at(const struct btf *btf, const struct btf_type *t, unsigned i,
			    bool is_signed, int64_t *value);

#endif /* TYPES_ENUMERATORS_H */
