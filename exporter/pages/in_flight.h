/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "http/route.h"

/* /api/v1/inflight; see API.md. */
void pages__in_flight(void *ctx, const struct http_request *req, struct http_response *res);
