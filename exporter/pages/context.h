/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PAGES_CONTEXT_H
#define PAGES_CONTEXT_H

#include "pages/source.h"

/* The ctx of every handler. */
struct pages {
	char *telemetry_path;
	bool openmetrics_created;
	struct pages_source source;
	struct http_route *routes;
};

#endif /* PAGES_CONTEXT_H */
