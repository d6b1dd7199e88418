/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions with every kind of parameter. Prints the series that their calls make, with their
 * counts. */
#include <stdbool.h>
#include <stdio.h>

enum color { RED, GREEN = 200, NONE = -1 };

struct msg {
	const char *text;
	unsigned kind : 3, len : 5;
	enum color color;
	const struct msg *next;
	int grid[2][2];
	struct {
		long len;
		const char *data;
	} uri;
};

struct pair {
	int a, b;
	long c;
};

volatile int sink;

__attribute__((noipa)) int send(int fd, const char *path, const struct msg *m, double d,
				unsigned char n)
{
	sink += path[0] + m->len + (int)d;
	return fd + n;
}

__attribute__((noipa)) int take(struct pair p, enum color color, bool last)
{
	return p.a + p.b + p.c + color + last;
}

/* All callers pass the same mode, so that GCC makes a clone without it. */
__attribute__((noinline)) static int cloned(int mode, int size)
{
	sink += mode;
	return size * mode;
}

__attribute__((noipa)) struct msg hidden(int x, const char *why)
{
	return (struct msg){ .text = why, .kind = x };
}

int main(void)
{
	static const struct msg second = {
		.text = "two", .kind = 2, .len = 22, .color = NONE, .grid = { { 1, 2 }, { 3, 4 } }
	};
	static const struct msg first = { .text = "one",
					  .kind = 7,
					  .len = 1,
					  .color = GREEN,
					  .next = &second,
					  .uri = { 4, "/abcdef" } };
	static const char *const paths[] = { "/etc/a", "/etc/b" };

	/* Text on a page that is not in memory is "?". */
	sink += *paths[0] + *first.text + *second.text + *first.uri.data;
	for (int i = 0; i < 60; i++) {
		send(i % 3, paths[i % 2], &first, 0.5, 250 + i % 2);
		take((struct pair){ -1, i % 2, 1L << 40 }, i % 3 ? GREEN : RED, i % 2);
		cloned(3, i % 2);
		hidden(i % 2, "why");
	}
	for (int fd = 1; fd < 3; fd++)
		for (int n = 0; n < 2; n++)
			printf("send{fd=\"%d\",path=\"/etc/%c\",kind=\"7\",color=\"GREEN\",uri=\"/"
			       "abc\",n=\"%d\"} 10\n",
			       fd, "ab"[n], 250 + n);
	printf("take{a=\"-1\",b=\"0\",c=\"1099511627776\",color=\"GREEN\",last=\"false\"} 20\n");
	printf("take{a=\"-1\",b=\"0\",c=\"1099511627776\",color=\"RED\",last=\"false\"} 10\n");
	printf("take{a=\"-1\",b=\"1\",c=\"1099511627776\",color=\"GREEN\",last=\"true\"} 20\n");
	printf("take{a=\"-1\",b=\"1\",c=\"1099511627776\",color=\"RED\",last=\"true\"} 10\n");
	printf("cloned{size=\"0\"} 30\ncloned{size=\"1\"} 30\n");
	printf("hidden{x=\"0\",why=\"why\"} 30\nhidden{x=\"1\",why=\"why\"} 30\n");
	return 0;
}
