/* SPDX-License-Identifier: GPL-2.0-only */
/* A raw-socket HTTP client: sends any bytes, and returns the unparsed answer. */
#pragma once

#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libdeflate.h>

struct answer {
	int code; /* 0: closed without an answer */
	struct buf raw;
	char *headers;	  /* NUL-terminated, in raw */
	const char *body; /* in raw */
	size_t body_len;
};

static inline int client__connect(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval tv = { .tv_sec = 60 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static inline void client__send(int fd, const char *s, size_t len)
{
	while (len) {
		ssize_t n = send(fd, s, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* cut off: the answer tells why */
		s += n;
		len -= n;
	}
}

/* Reads until the server closes the connection. */
static inline struct answer client__receive(int fd)
{
	struct answer a = { 0 };
	char *end;
	ssize_t n;

	do {
		char *p = buf__reserve(&a.raw, 65536);

		assert_non_null(p);
		n = recv(fd, p, 65536, 0);
		a.raw.len += n > 0 ? n : 0;
	} while (n > 0);
	close(fd);
	assert_non_null(buf__str(&a.raw));
	end = strstr(a.raw.data, "\r\n\r\n");
	if (!end)
		return a;
	*end = '\0';
	a.headers = a.raw.data;
	a.body = end + 4;
	a.body_len = a.raw.data + a.raw.len - a.body;
	assert_int_equal(sscanf(a.headers, "HTTP/1.%*d %d", &a.code), 1);
	return a;
}

/* Sends bytes that need not be a request, and does not wait long for an answer. */
static inline struct answer client__raw(int port, const char *bytes)
{
	struct timeval tv = { .tv_usec = 100000 };
	int fd = client__connect(port);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	client__send(fd, bytes, strlen(bytes));
	return client__receive(fd);
}

/*
 * headers: each ends with "\r
 * ".
 */
static inline struct answer client__request(int port, const char *method, const char *target,
					    const char *headers)
{
	__cleanup_buf struct buf b = { 0 };
	int fd = client__connect(port);

	buf__printf(&b, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s\r\n", method,
		    target, headers);
	client__send(fd, b.data, b.len);
	return client__receive(fd);
}

/* Returns the value of a header in a static buffer, or NULL. */
static inline const char *answer__header(const struct answer *a, const char *name)
{
	static char value[512];
	size_t len = strlen(name);

	for (char *p = a->headers; p && (p = strstr(p, "\r\n")); p++) {
		if (strncasecmp(p + 2, name, len) || p[2 + len] != ':')
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(p + 2 + len + 2, "\r"),
			 p + 2 + len + 2);
		return value;
	}
	return NULL;
}

static inline void answer__gunzip(const struct answer *a, struct buf *out)
{
	struct libdeflate_decompressor *z = libdeflate_alloc_decompressor();
	size_t room = 16 << 20, used;
	char *p = buf__reserve(out, room);

	assert_non_null(z);
	assert_non_null(p);
	assert_int_equal(libdeflate_gzip_decompress_ex(z, a->body, a->body_len, p, room, &used,
						       &out->len),
			 LIBDEFLATE_SUCCESS);
	assert_int_equal(used, a->body_len);
	libdeflate_free_decompressor(z);
}

static inline void answer__free(struct answer *a)
{
	buf__free(&a->raw);
}

#define __cleanup_answer __attribute__((cleanup(answer__free)))
