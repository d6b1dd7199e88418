/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the HTTP paths answer: /metrics, /, /-/healthy, /-/ready, /-/reload, /api/v1/probes.
 */
#ifndef PAGES_H
#define PAGES_H

#include "http.h"
#include "metrics.h"

/* How pages get at the numbers: fills *in (borrowed until release) or returns a negative errno. */
struct pages_source {
	void *ctx;
	int (*acquire)(void *ctx, struct metrics_input *in);
	void (*release)(void *ctx, struct metrics_input *in);
	bool (*ready)(void *ctx);
};

struct pages;
struct pages *pages__new(const char *telemetry_path, const struct pages_source *source);
const struct http_route *pages__routes(const struct pages *p); /* for http__start() with p as ctx */
void pages__free(struct pages *p);

#endif /* PAGES_H */
