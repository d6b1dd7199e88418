/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RFC 9112, 3.2. A server must accept the absolute form, "GET http://host/metrics", which clients
 * of a proxy send.
 *
 * libmicrohttpd decodes a path before we see it: "/-%2Freload" becomes "/-/reload" and
 * "/metrics%00x" becomes "/metrics". A proxy that forbids one of the two would let the other pass.
 * By RFC 3986 (2.2, 6.2.2) they are different paths, so they get 404. Escapes of unreserved
 * characters, as in "/%6detrics", do not change the path.
 */
#include "http/target.h"

#include <string.h>
#include <strings.h>

/* Memory that the library needs for each parameter, besides its text; see MEMORY_LIMIT. */
#define PARAMETER_BYTES 64
#define QUERY_BYTES	(28 * 1024)

/* Contexts: only their addresses matter. */
static const char long_query, malformed, other_path;

bool http_target__is_context(const void *context)
{
	return context == &long_query || context == &malformed || context == &other_path;
}

/* The part after "http://"; NULL: not the absolute form. */
static const char *authority_of(const char *target)
{
	if (!strncasecmp(target, "http://", 7))
		return target + 7;
	return strncasecmp(target, "https://", 8) ? NULL : target + 8;
}

/* A host and a port. User information is an error (RFC 9110, 4.2.4). */
static bool is_authority(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]",
			    s[i]))
			return false;
	return len > 0;
}

/* "%2F" and "%00" make a path differ from its decoded form. */
static bool has_foreign_escape(const char *s, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++)
		if (s[i] == '%' && (!strncasecmp(s + i, "%2f", 3) || !strncmp(s + i, "%00", 3)))
			return true;
	return false;
}

/* If parameters do not fit, libmicrohttpd 0.9.75 loses its 431 and waits for the client. So a long
 * query is cut off here, in the library's own buffer, which it is about to modify anyway. */
static bool cut_query(const char *target)
{
	char *query = strchr(target, '?');
	size_t need = strlen(target);

	for (const char *p = query; p; p = strchr(p + 1, '&'))
		need += PARAMETER_BYTES;
	if (!query || need <= QUERY_BYTES)
		return false;
	query[1] = '\0';
	return true;
}

void *http_target__on_uri(void *cls, const char *target, struct MHD_Connection *c)
{
	const char *authority = authority_of(target), *path = target;

	if (cut_query(target))
		return (void *)&long_query;
	if (authority) {
		path = authority + strcspn(authority, "/?");
		if (!is_authority(authority, path - authority))
			return (void *)&malformed;
	}
	return has_foreign_escape(path, strcspn(path, "?")) ? (void *)&other_path : NULL;
}

int http_target__refuse(const void *context, const char *url, const char *method, const char **why)
{
	if (context == &long_query) {
		*why = "The query is too long.";
		return MHD_HTTP_URI_TOO_LONG;
	}
	if (context != &malformed &&
	    (*url == '/' || authority_of(url) || http_target__is_servers(url, method)))
		return 0;
	*why = "The request target is neither a path nor an http URL.";
	return MHD_HTTP_BAD_REQUEST;
}

bool http_target__is_servers(const char *url, const char *method)
{
	return !strcmp(method, MHD_HTTP_METHOD_CONNECT) ||
	       (!strcmp(method, MHD_HTTP_METHOD_OPTIONS) && !strcmp(url, "*"));
}

const char *http_target__path(const void *context, const char *url)
{
	const char *authority = authority_of(url), *path = url;

	if (context == &other_path)
		return "";
	if (authority)
		path = authority + strcspn(authority, "/");
	return *path ? path : "/";
}
