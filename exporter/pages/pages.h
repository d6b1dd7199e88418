/* SPDX-License-Identifier: GPL-2.0-only */
/* The HTTP paths: /metrics, / and its files under /page/, /-/healthy, /-/ready, /-/reload,
 * /api/v1/probes, /api/v1/inflight. */
#pragma once

#include "config/config.h"
#include "pages/source.h"

struct pages;
struct pages *pages__new(const struct web_config *web, const struct pages_source *source);
const struct http_route *pages__routes(const struct pages *p); /* for http__start() with p as ctx */
void pages__free(struct pages *p);
