/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PAGES_PROBES_H
#define PAGES_PROBES_H

#include "http/route.h"

/* /api/v1/probes; see API.md. */
void pages__probes(void *ctx, const struct http_request *req, struct http_response *res);

#endif /* PAGES_PROBES_H */
