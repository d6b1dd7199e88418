/* SPDX-License-Identifier: GPL-2.0-only */
/* /api/v1/samples */
#pragma once

#include "http/route.h"

void pages__samples(void *ctx, const struct http_request *req, struct http_response *res);
