/* SPDX-License-Identifier: GPL-2.0-only */
/* Servers with a web configuration file in a temporary directory, and passwords for it. */
#pragma once

#include "http/http.h"
#include "http_client.h"
#include "temp_dir.h"

#include <crypt.h>

static char *web_dir; /* of the test program */

static inline int web_dir__make(void **state)
{
	web_dir = temp_dir__new();
	return 0;
}

static inline int web_dir__drop(void **state)
{
	temp_dir__remove(web_dir);
	return 0;
}

static inline char *web_path(const char *name)
{
	return xasprintf("%s/%s", web_dir, name);
}

/* Replaces the file atomically. */
static inline void web_write(const char *name, const char *text)
{
	__cleanup_free char *old = web_path("new.tmp"), *new = web_path(name);

	temp_dir__write(web_dir, "new.tmp", text, strlen(text));
	assert_int_equal(rename(old, new), 0);
}

/* Returns a bcrypt hash in a static buffer. The lowest cost is 4. */
static inline const char *web_hash(const char *password, int cost)
{
	static struct crypt_data data;
	char setting[64];

	snprintf(setting, sizeof(setting), "$2y$%02d$abcdefghijklmnopqrstuu", cost);
	assert_non_null(crypt_r(password, setting, &data));
	assert_int_equal(strlen(data.output), 60);
	return data.output;
}

static inline void web_hello(void *ctx, const struct http_request *req, struct http_response *res)
{
	buf__puts(&res->body, "hello\n");
}

static const struct http_route web_routes[] = {
	{ "/", web_hello, HTTP_READ, false },
	{ 0 },
};

/* A server with the file web.yml of the directory. */
static inline struct http *web_serve(void)
{
	__cleanup_free char *path = web_path("web.yml");
	char *address = "127.0.0.1:0", *error = NULL;
	struct web_config c = {
		.listen = &address,
		.nlisten = 1,
		.max_requests = 40,
		.config_file = path,
	};
	struct http *h = NULL;

	if (http__bind(&c, &h, &error) || http__start(h, web_routes, NULL, &error))
		fail_msg("%s", error);
	return h;
}

static inline char *web_base64(const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	char *out = xcalloc(len / 3 * 4 + 5, 1), *p = out;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)data[i] << 16;

		v |= i + 1 < len ? (uint32_t)(uint8_t)data[i + 1] << 8 : 0;
		v |= i + 2 < len ? (uint8_t)data[i + 2] : 0;
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
		*p++ = i + 2 < len ? digits[v & 63] : '=';
	}
	return out;
}

/* "Authorization: Basic ...\r\n" */
static inline char *web_login(const char *data, size_t len)
{
	__cleanup_free char *b64 = web_base64(data, len);

	return xasprintf("Authorization: Basic %s\r\n", b64);
}
