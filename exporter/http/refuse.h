/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that are refused for their framing or their origin. */
#pragma once

#include <stdbool.h>

#include "http/mhd.h"

/* The status to refuse a request's framing with, and *why (static); 0: it is well-formed. */
int http_refuse__framing(struct MHD_Connection *c, const char *version, const char **why);
/* Whether a browser sends the request for a page of another site. */
bool http_refuse__is_cross_site(struct MHD_Connection *c);
