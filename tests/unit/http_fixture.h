/* SPDX-License-Identifier: GPL-2.0-only */
/* The real server, on a loopback port that the kernel picks. */
#pragma once

#include "base/log.h"
#include "http/http.h"
#include "http/response.h"
#include "http_client.h"

static struct http *server;
static int port;

static inline void hello(void *ctx, const struct http_request *req, struct http_response *res)
{
	buf__puts(&res->body, "hello\n");
}

static inline struct http *serve_routes(char *address, unsigned max_requests,
					const struct http_route *routes, void *ctx)
{
	struct web_config c = { .listen = &address, .nlisten = 1, .max_requests = max_requests };
	struct http *h = NULL;
	char *error = NULL;

	if (http__bind(&c, &h, &error) || http__start(h, routes, ctx, &error))
		fail_msg("%s", error);
	return h;
}

static inline void expect(const char *method, const char *target, const char *headers, int code,
			  const char *body)
{
	__cleanup_answer struct answer a = client__request(port, method, target, headers);

	assert_int_equal(a.code, code);
	assert_non_null(answer__header(&a, "Content-Type"));
	assert_string_equal(answer__header(&a, "X-Content-Type-Options"), "nosniff");
	if (body)
		assert_string_equal(a.body, body);
}

static inline int stop_server(void **state)
{
	http__free(server);
	return 0;
}
