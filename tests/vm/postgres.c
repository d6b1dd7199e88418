// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for PostgreSQL's server, for the recipe in deploy/RECIPES.md: the same two functions,
 * and an error that leaves one of them by longjmp. Five queries succeed, and one fails.
 */
#include <setjmp.h>
#include <stdio.h>
#include <unistd.h>

void *pg_plan_query(void *parse, const char *query);
void standard_ExecutorRun(void *description);

static sigjmp_buf on_error;

__attribute__((noinline)) void *pg_plan_query(void *parse, const char *query)
{
	usleep(5000);
	return parse;
}

__attribute__((noinline)) void standard_ExecutorRun(void *description)
{
	usleep(20000);
	if (description)
		siglongjmp(on_error, 1);
}

int main(void)
{
	/* volatile: they must survive siglongjmp(). */
	volatile int i;
	char query[64];

	for (i = 0; i < 6; i++) {
		snprintf(query, sizeof(query), "select %s", i < 5 ? "pg_sleep(0.02)" : "1/0");
		if (sigsetjmp(on_error, 1))
			continue;
		pg_plan_query(NULL, query);
		standard_ExecutorRun(i < 5 ? NULL : query);
	}
	return 0;
}
