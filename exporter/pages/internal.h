/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the pages share: pages/pages.c has the table of paths, pages/probes.c the JSON,
 * pages/landing.c the landing page.
 */
#ifndef PAGES_INTERNAL_H
#define PAGES_INTERNAL_H

#include "pages/pages.h"

struct pages {
	char *telemetry_path;
	bool openmetrics_created;
	struct pages_source source;
	struct http_route *routes;
};

/* Files of exporter/pages/page/, embedded by page_files.sh; the last has no name. */
struct page_file {
	const char *name, *text;
};
extern const struct page_file page_files[];

/* Fills *in, to be released; where that fails, the response says so. */
bool pages__acquire(const struct pages *p, const struct http_request *req, struct metrics_input *in,
		    struct http_response *res);
void pages__release(const struct pages *p, struct metrics_input *in);

void pages__probes(void *ctx, const struct http_request *req, struct http_response *res);
void pages__landing(void *ctx, const struct http_request *req, struct http_response *res);

#endif /* PAGES_INTERNAL_H */
