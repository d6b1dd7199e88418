/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "http/route.h"

/* The landing page: page/page.html with its {{names}} filled in. */
void pages__landing(void *ctx, const struct http_request *req, struct http_response *res);
