/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/expression.h"

void expression__free_all(struct expression *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].text);
	}
	free(v);
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool expression__same_all(const struct expression *a, size_t na, const struct expression *b,
			  size_t nb)
{
	for (size_t i = 0; i < na && na == nb; i++) {
		if (!same_name(a[i].name, b[i].name) || strcmp(a[i].text, b[i].text))
			return false;
	}
	return na == nb;
}
