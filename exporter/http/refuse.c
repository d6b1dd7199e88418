/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmicrohttpd before 0.9.77 accepts requests whose end is ambiguous. A proxy in front could then
 * attribute an answer to the wrong request (request smuggling), so such requests end their
 * connection. Lines that end in a bare LF are not visible here. RFC 9112 allows them, and later
 * releases refuse them (MHD_OPTION_CLIENT_DISCIPLINE_LVL).
 */
#include "http/refuse.h"

#include <string.h>
#include <strings.h>

/* ---- framing --------------------------------------------------------------------------------- */

/* RFC 9110, 5.6.2. The usual attack is a space before the colon. */
#define TOKEN                        \
	"!#$%&'*+-.^_`|~0123456789"  \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct framing {
	unsigned hosts, lengths, encodings, misnamed;
	const char *encoding;
};

static mhd_result count_header(void *cls, enum MHD_ValueKind kind, const char *key,
			       const char *value)
{
	struct framing *f = cls;

	f->misnamed += !*key || key[strspn(key, TOKEN)];
	f->hosts += !strcasecmp(key, MHD_HTTP_HEADER_HOST);
	f->lengths += !strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH);
	if (!strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
		f->encodings++;
		f->encoding = value ? value : "";
	}
	return MHD_YES;
}

int http_refuse__framing(struct MHD_Connection *c, const char *version, const char **why)
{
	bool is_1_1 = !strcmp(version, MHD_HTTP_VERSION_1_1);
	struct framing f = { 0 };

	MHD_get_connection_values(c, MHD_HEADER_KIND, count_header, &f);
	if (f.misnamed)
		*why = "A header name contains an invalid character.";
	else if (f.hosts > 1 || (is_1_1 && !f.hosts))
		*why = "There must be exactly one Host header.";
	else if (f.lengths + f.encodings > 1)
		*why = "There must be at most one of Content-Length and Transfer-Encoding.";
	else if (f.encodings && (!is_1_1 || strcasecmp(f.encoding, "chunked")))
		*why = "The only supported transfer coding is chunked.";
	else
		return 0;
	return MHD_HTTP_BAD_REQUEST;
}

/* ---- other sites' pages ---------------------------------------------------------------------- */

/* Browsers send these headers; other clients send neither. */
bool http_refuse__is_cross_site(struct MHD_Connection *c)
{
	const char *site = mhd_header(c, "Sec-Fetch-Site"),
		   *host = mhd_header(c, MHD_HTTP_HEADER_HOST);
	const char *origin = mhd_header(c, MHD_HTTP_HEADER_ORIGIN);
	const char *authority = origin ? strstr(origin, "://") : NULL;

	if (site)
		return strcmp(site, "same-origin") && strcmp(site, "none");
	return origin && (!authority || !host || strcasecmp(authority + 3, host));
}
