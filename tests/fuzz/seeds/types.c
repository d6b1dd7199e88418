/* SPDX-License-Identifier: GPL-2.0-only */
/* Source of programs for the fuzzers, with every kind of type. */
enum shade { DARK = -2, BRIGHT = 3 };
typedef const volatile struct node {
	struct node *next;
	union {
		char c;
	} u;
} node_t;

struct text {
	unsigned char *data;
	long len : 60, bit : 3;
	long length;
};

long by_value(struct text t, double d, struct node *n, _Complex float f, long long last)
{
	return t.len + d + (long)n + last + (long)f;
}

enum shade shade_of(const char *const *text, node_t *restrict n)
{
	return *text[n->u.c] ? BRIGHT : DARK;
}

char *(*chooser(int (*m)[2][3], ...))(const char *, int)
{
	return 0;
}

_Bool _start(void)
{
	return shade_of(0, 0) && chooser(0) && by_value((struct text){ 0 }, 0, 0, 0, 1);
}
