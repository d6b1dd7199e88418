/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/buckets.h"

#include <math.h>

#include "bpf/abi.h"

#define MAX_BUCKETS 200
#define MIN_BUCKET  1e-9   /* seconds; durations are whole nanoseconds */
#define MAX_BUCKET  1000.0 /* below 2^RP_GRID_MAX_BITS ns: longer durations share a bin */
#define MAX_SIZE    ((double)((1ULL << RP_GRID_MAX_BITS) - 1)) /* for the same reason */

/* The rules for a list of bounds. */
struct bounds {
	const char *key;
	const char *element;	   /* "a bucket" */
	const char *number, *unit; /* "a number of seconds", "seconds" */
	const char *example;	   /* "a finite number of seconds, as in 0.001 or 1e-3" */
	const struct unit {
		const char *name;
		double factor;
	} * units; /* for hints, as bounds have no units; ends with a NULL name */
	double min, max;
	bool whole;
};

/* "; write 0.001" for 1ms */
static char *without_unit(const char *text, const struct unit *units)
{
	size_t len = strspn(text, "0123456789.");
	__cleanup_free char *digits = xstrndup(text, len);
	char *end;
	double number = strtod(digits, &end);

	if (!len || *end)
		return xstrdup("");
	text += len + strspn(text + len, " ");
	for (; units->name; units++)
		if (!strcmp(text, units->name))
			return xasprintf("; write %.15g", number * units->factor);
	return xstrdup("");
}

static int bind_bound(struct binder *b, const struct tree_node *item, const struct bounds *are,
		      double *out)
{
	__cleanup_free char *advice = NULL;

	if (item->type != TREE_SCALAR || (item->plain && !*item->value))
		return binder__mistyped(b, item, are->element, are->number);
	advice = without_unit(item->value, are->units);
	if (!tree__is_number(item, out) || (are->whole && *out != floor(*out)))
		return binder__fail(b, item, "%s must be %s, not \"%.80s\"%s%s", are->element,
				    are->example, item->value, item->plain ? "" : " in quotes",
				    advice);
	if (*out < are->min || *out > are->max)
		return binder__fail(b, item, "%s must be from %.15g to %.15g %s, not %.80s",
				    are->element, are->min, are->max, are->unit, item->value);
	return 0;
}

static int bind_bounds(struct binder *b, const struct tree_node *list, const struct bounds *are,
		       double **v, size_t *n)
{
	size_t nitems;
	const struct tree_node *const *items = binder__elements(&list, &nitems);
	double bound;
	int err;

	if (nitems > MAX_BUCKETS)
		return binder__fail(b, list, "%zu buckets are too many; %d are allowed", nitems,
				    MAX_BUCKETS);

	free(*v);
	*v = NULL;
	*n = 0;
	for (size_t i = 0; i < nitems; i++) {
		const struct tree_node *item = items[i];

		err = bind_bound(b, item, are, &bound);
		if (err)
			return err;
		if (i && bound <= (*v)[i - 1])
			return binder__fail(b, item, "%s must ascend: %.80s stands behind %.80s",
					    are->key, item->value, items[i - 1]->value);
		*(double *)array__grow(v, n, sizeof(bound)) = bound;
	}
	return 0;
}

int buckets__bind(struct binder *b, const struct tree_node *list, double **v, size_t *n)
{
	static const struct unit units[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "µs", 1e-6 },
					     { "ms", 1e-3 }, { "s", 1 },     { "m", 60 },
					     { NULL } };
	static const struct bounds seconds = {
		.units = units,
		.key = "buckets",
		.element = "a bucket",
		.number = "a number of seconds",
		.unit = "seconds",
		.example = "a finite number of seconds, as in 0.001 or 1e-3",
		.min = MIN_BUCKET,
		.max = MAX_BUCKET,
	};

	return bind_bounds(b, list, &seconds, v, n);
}

int buckets__bind_sizes(struct binder *b, const struct tree_node *list, double **v, size_t *n)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "KB", 1e3 },
		{ "MB", 1e6 },
		{ "GB", 1e9 },
		{ "k", 1024 },
		{ "K", 1024 },
		{ "M", 1024 * 1024 },
		{ "KiB", 1024 },
		{ "MiB", 1024 * 1024 },
		{ "GiB", 1024 * 1024 * 1024 },
		{ NULL },
	};
	static const struct bounds sizes = {
		.units = units,
		.key = "size_buckets",
		.element = "a size bucket",
		.number = "a whole number",
		.unit = "bytes",
		.example = "a whole number, as in 4096",
		.max = MAX_SIZE,
		.whole = true,
	};

	return bind_bounds(b, list, &sizes, v, n);
}
