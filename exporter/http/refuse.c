/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests that are refused for their framing.
 *
 * libmicrohttpd before 0.9.77 accepts requests whose end two readers can see in different places. A
 * proxy in front then takes one answer for another's (request smuggling), so these requests end
 * their connection. A line that ends in a bare LF is not visible here; later releases refuse it
 * (MHD_OPTION_CLIENT_DISCIPLINE_LVL), and RFC 9112 allows it.
 */
#include <strings.h>

#include "http/internal.h"

/* ---- framing --------------------------------------------------------------------------------- */

/* RFC 9110, 5.6.2. A space before the colon is the usual trick. */
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

int http__refuse_form(struct MHD_Connection *c, const char *version, const char **why)
{
	bool is_1_1 = !strcmp(version, MHD_HTTP_VERSION_1_1);
	struct framing f = { 0 };

	MHD_get_connection_values(c, MHD_HEADER_KIND, count_header, &f);
	if (f.misnamed)
		*why = "A header's name has a character that names must not have.";
	else if (f.hosts > 1 || (is_1_1 && !f.hosts))
		*why = "There must be exactly one Host header.";
	else if (f.lengths + f.encodings > 1)
		*why = "There must be at most one of Content-Length and Transfer-Encoding.";
	else if (f.encodings && (!is_1_1 || strcasecmp(f.encoding, "chunked")))
		*why = "The only transfer coding is chunked.";
	else
		return 0;
	return MHD_HTTP_BAD_REQUEST;
}

/* ---- other sites' pages ---------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Browsers say where a request comes from; other clients send neither header. */
bool http__is_cross_site(struct MHD_Connection *c)
{
	const char *site = header(c, "Sec-Fetch-Site"), *host = header(c, MHD_HTTP_HEADER_HOST);
	const char *origin = header(c, MHD_HTTP_HEADER_ORIGIN);
	const char *authority = origin ? strstr(origin, "://") : NULL;

	if (site)
		return strcmp(site, "same-origin") && strcmp(site, "none");
	return origin && (!authority || !host || strcasecmp(authority + 3, host));
}
