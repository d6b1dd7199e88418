/* SPDX-License-Identifier: GPL-2.0-only */
#include "scan/seen.h"

#define TASKS_MAX (1 << 16) /* others are seen for the first time in each scan */

struct seen_task {
	uint32_t tid;
	uint64_t start_time; /* distinguishes tasks that had the same thread id */
	uint64_t switches, since;
};

uint64_t seen__since(struct seen *s, const struct rp_scan_task *t, uint64_t now)
{
	const struct seen_task *before;
	uint64_t since = now;

	while (s->at < s->n && s->v[s->at].tid < t->tid)
		s->at++;
	before = s->at < s->n ? &s->v[s->at] : NULL;
	if (before && before->tid == t->tid && before->start_time == t->start_time &&
	    before->switches == t->switches)
		since = before->since;
	if (s->nnext < TASKS_MAX)
		*(struct seen_task *)array__grow(&s->next, &s->nnext, sizeof(*s->next)) =
			(struct seen_task){ t->tid, t->start_time, t->switches, since };
	return since;
}

void seen__end(struct seen *s)
{
	free(s->v);
	*s = (struct seen){ .v = s->next, .n = s->nnext };
}

void seen__free(struct seen *s)
{
	free(s->v);
	free(s->next);
	*s = (struct seen){};
}
