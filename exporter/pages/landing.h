/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PAGES_LANDING_H
#define PAGES_LANDING_H

#include "http/route.h"

/* The landing page: page/page.html with its {{names}} filled in. */
void pages__landing(void *ctx, const struct http_request *req, struct http_response *res);

#endif /* PAGES_LANDING_H */
