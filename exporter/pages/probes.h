/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "http/route.h"

/* /api/v1/probes; see API.md. */
void pages__probes(void *ctx, const struct http_request *req, struct http_response *res);
