/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "pages/source.h"

/* The ctx of every handler. */
struct pages {
	char *telemetry_path;
	bool openmetrics_created;
	struct pages_source source;
	struct http_route *routes;
};
