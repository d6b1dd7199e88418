/* SPDX-License-Identifier: GPL-2.0-only */
#include "types/enumerators.h"

#include <bpf/btf.h>

#include "types/btf_print.h"

static int by_value(const void *a, const void *b)
{
	const struct enumerator *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

/* Name and value of enumerator i, extended from the enum's size. */
static const char *at(const struct btf *btf, const struct btf_type *t, unsigned i, bool is_signed,
		      int64_t *value)
{
	unsigned shift = t->size < 8 ? 64 - 8 * t->size : 0;
	uint64_t v = btf_is_enum64(t) ? btf_enum64_value(&btf_enum64(t)[i])
				      : (uint64_t)(int64_t)btf_enum(t)[i].val;

	*value = is_signed ? (int64_t)(v << shift) >> shift : (int64_t)(v << shift >> shift);
	return btf_print__name(btf, btf_is_enum64(t) ? btf_enum64(t)[i].name_off
						     : btf_enum(t)[i].name_off);
}

size_t enumerators__read(const struct btf *btf, const struct btf_type *t, bool is_signed,
			 struct enumerator **out)
{
	unsigned n = btf_vlen(t);
	struct enumerator *v = xcalloc(n, sizeof(*v));
	size_t kept = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t value;
		const char *name = at(btf, t, i, is_signed, &value);
		bool known = false;

		for (size_t k = 0; k < kept && !known; k++)
			known = v[k].value == value;
		if (known || !*name)
			continue;
		v[kept++] = (struct enumerator){ .value = value, .name = xstrdup(name) };
	}
	qsort(v, kept, sizeof(*v), by_value);
	*out = v;
	return kept;
}

const char *enumerators__name(const struct enumerator *v, size_t n, int64_t value)
{
	const struct enumerator key = { .value = value }, *found = NULL;

	if (n)
		found = bsearch(&key, v, n, sizeof(key), by_value);
	return found ? found->name : NULL;
}

void enumerators__free(struct enumerator *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
}
