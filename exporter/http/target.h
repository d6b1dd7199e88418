/* SPDX-License-Identifier: GPL-2.0-only */
/* The request target. A context is what http_target__on_uri() returns for a request. */
#pragma once

#include <stdbool.h>

#include "http/mhd.h"

/* MHD_OPTION_URI_LOG_CALLBACK: runs before the library parses and decodes the target. */
void *http_target__on_uri(void *cls, const char *target, struct MHD_Connection *c);
/* Whether the pointer is a context, not a request. NULL is not. */
bool http_target__is_context(const void *context);
/* The status to refuse the decoded target with, and *why (static); 0: it is well-formed. */
int http_target__refuse(const void *context, const char *url, const char *method, const char **why);
/* Whether the target is the server rather than a path: OPTIONS *, CONNECT. */
bool http_target__is_servers(const char *url, const char *method);
/* The path of a target that is not refused. */
const char *http_target__path(const void *context, const char *url);
