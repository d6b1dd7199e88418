/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/twice.h"

#include <search.h>

static int compare(const void *a, const void *b)
{
	return target__compare_functions(a, b);
}

static void keep(void *node)
{
}

static bool is_single(const struct target *t)
{
	return t->type == TARGET_KERNEL || t->type == TARGET_SYSCALL;
}

static void settle(struct target *t, const struct target *first)
{
	if (t->type == TARGET_KERNEL) {
		t->again = true;
		return;
	}
	target__set_reason(
		t, REASON_REFUSED,
		xasprintf("a system call can have one probe, and %s:%s has one already%s%s: "
			  "name its function in one of the two, as in functions: "
			  "__x64_sys_%s",
			  first->object, first->function, first->probe ? ", called " : "",
			  first->probe ? first->probe : "", t->function));
}

void twice__settle(struct target **v, size_t n)
{
	void *tree = NULL;

	for (size_t i = 0; i < n; i++) {
		struct target **found;

		if (!v[i] || v[i]->reason != REASON_NONE || !is_single(v[i]))
			continue;
		found = tfind(v[i], &tree, compare);
		if (found)
			settle(v[i], *found);
		else
			xtsearch(v[i], &tree, compare);
	}
	tdestroy(tree, keep);
}
