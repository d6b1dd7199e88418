/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server: sockets, methods, limits, compression. Its pages come from a table of handlers
 * (http/route.h).
 */
#pragma once

#include "base/fault.h"
#include "config/config.h"
#include "http/route.h"

struct http;
struct web_source; /* access/access.h */
struct listener;   /* http/sockets.h */

/* Checks --web.config.file and the files that it names, and nothing else. 0 or -EINVAL with
 * *error. */
int http__check(const struct web_config *c, char **error);
/*
 * Reads the web configuration file and binds every address, so that a taken port is known before
 * anything is attached. Nothing is served until http__start(). A fault comes with *error (one line,
 * to be freed): the address and what to do next.
 */
enum fault http__bind(const struct web_config *c, struct http **out, char **error);
/* The same with sockets that another process has bound. Reads no file. */
struct http *http__adopt(const struct web_config *c, bool tls, const struct listener *v, size_t n);
const struct listener *http__listeners(const struct http *h, size_t *n);
bool http__tls(const struct http *h);
/* Where http__start() gets the web configuration from; borrowed. By default it reads the files. */
void http__set_web_source(struct http *h, const struct web_source *source);
/* Starts the threads. routes end with a NULL path and must outlive http; every handler gets ctx. */
int http__start(struct http *h, const struct http_route *routes, void *ctx, char **error);
/* Logs the addresses. */
void http__announce(const struct http *h);
/* Makes sockets listen again that have stopped; any process that shares a socket can stop it. 0 or
 * a negative errno: a socket does not listen. Changes are logged. */
int http__mend_sockets(struct http *h);
/* Whether the threads have made progress since the last call. Call it about once a second: it also
 * returns the memory of large answers to the system. */
bool http__is_alive(struct http *h);
/* The port of address i (the kernel chooses one for ":0"). */
int http__port(const struct http *h, size_t i);
/* Stops accepting. Open connections end with their next answer. Twice is fine. */
void http__quiesce(struct http *h);
/* Quiesces, waits a few seconds at most for requests in flight, and closes. NULL is fine. */
void http__free(struct http *h);
