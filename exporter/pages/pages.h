/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the HTTP paths answer: /metrics, / and its files under /page/, /-/healthy, /-/ready,
 * /-/reload, /api/v1/probes.
 *
 * API.md has what the last answers.
 */
#ifndef PAGES_PAGES_H
#define PAGES_PAGES_H

#include "http/http.h"
#include "expose/metrics.h"

/* How pages get at the numbers: fills *in (borrowed until release) or returns a negative errno,
 * -ETIMEDOUT if it would have to wait beyond the deadline (monotonic seconds, 0: none). */
struct pages_source {
	void *ctx;
	int (*acquire)(void *ctx, double deadline, struct metrics_input *in);
	void (*release)(void *ctx, struct metrics_input *in);
	bool (*ready)(void *ctx);
	/* NULL: not allowed. 0, or a negative errno with *error, one line, to be freed. */
	int (*reload)(void *ctx, char **error);
};

struct pages;
struct pages *pages__new(const struct web_config *web, const struct pages_source *source);
const struct http_route *pages__routes(const struct pages *p); /* for http__start() with p as ctx */
void pages__free(struct pages *p);

#endif /* PAGES_PAGES_H */
