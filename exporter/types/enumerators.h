/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of an enum's values, from BTF. */
#pragma once

#include "base/util.h"

struct btf;
struct btf_type;

/* A value and its name in metrics. */
struct enumerator {
	int64_t value; /* extended from the enum's size */
	char *name;
};

/* Sorted by value; of several names of one value, the first. Returns their number. Free *out with
 * enumerators__free(). */
size_t enumerators__read(const struct btf *btf, const struct btf_type *t, bool is_signed,
			 struct enumerator **out);
/* The name of a value; NULL: it has none. */
const char *enumerators__name(const struct enumerator *v, size_t n, int64_t value);
void enumerators__free(struct enumerator *v, size_t n);
