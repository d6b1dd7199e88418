/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/values.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/value.h"

#define MAX_DURATION (365.0 * 86400)

const char *const config_mechanisms[] = { "auto",	    "fsession.multi", "fsession",
					  "fexit",	    "kprobe.session", "kprobe.multi",
					  "kretprobe",	    "tracepoint",     "uprobe.ret",
					  "uprobe.session", "uprobe.multi",   "uretprobe",
					  "event",	    "raw_event",      "kprobe",
					  "uprobe",	    "span",	      NULL };

int value__duration(const char *text, double *out, char **why)
{
	static const struct duration_unit units[] = {
		{ "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 }, { NULL, 0 }
	};
	double sum;

	if (!duration__parse(text, units, DURATION_WHOLE | DURATION_DESCENDING, &sum) || sum < 1 ||
	    sum > MAX_DURATION)
		return error__refuse(why,
				     "\"%.80s\" is not allowed; write whole numbers of d, h, m and "
				     "s, from 1s to 365d, as in 30m or 1h30m",
				     text);
	*out = sum;
	return 0;
}

int value__share(const char *text, double *out, char **why)
{
	static const struct duration_unit percent[] = { { "%", 0.01 }, { NULL, 0 } };
	double share;

	if (strspn(text, "0123456789.%") != strlen(text) ||
	    !duration__parse(text, percent, DURATION_SINGLE, &share) || share <= 0 || share > 1)
		return error__refuse(
			why,
			"\"%.80s\" is not allowed; write a percentage of the CPU time "
			"of the whole machine, above 0%% and up to 100%%, as in 1%% or "
			"0.5%%",
			text);
	*out = share;
	return 0;
}

int value__mechanism(const char *text, char **why)
{
	size_t i;

	return value__one_of(text, config_mechanisms, ARRAY_SIZE(config_mechanisms) - 1, &i, why);
}

static bool is_ipv6(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	const char *zone = memchr(s, '%', len);

	if (zone) {
		if (zone + 1 == s + len)
			return false;
		len = zone - s;
	}
	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

/* A name or an IPv4 address. Whether it resolves shows when it is bound. */
static bool is_host(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr(".-_", s[i]))
			return false;
	}
	return true;
}

int value__listen_address(const char *text, char **why)
{
	const char *colon = strrchr(text, ':'), *end;
	bool valid;
	size_t len;
	uint64_t port;

	if (is_ipv6(text, strlen(text)))
		return error__refuse(why,
				     "\"%s\" is an IPv6 address without a port, or without its "
				     "brackets; write [%s]:10435",
				     text, text);
	if (!colon)
		return error__refuse(
			why, "\"%.80s\" has no port; write host:port, [v6]:port or :port", text);

	end = value__digits(colon + 1, &port);
	if (!end || *end || port > 65535)
		return error__refuse(why, "\"%.80s\": the port must be a number from 0 to 65535",
				     text);

	len = colon - text;
	if (text[0] == '[')
		valid = len > 2 && text[len - 1] == ']' && is_ipv6(text + 1, len - 2);
	else
		valid = is_host(text, len);
	if (!valid)
		return error__refuse(why,
				     "\"%.80s\" is not an address; write host:port, [v6]:port or "
				     ":port",
				     text);
	return 0;
}

int value__http_path(const char *text, char **why)
{
	if (text[0] != '/')
		return error__refuse(why, "\"%.80s\" is not a path; it must begin with '/'", text);
	for (const char *s = text; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr("/-._~", *s))
			return error__refuse(why,
					     "\"%.80s\" is not a path; use letters, digits and "
					     "/ - . _ ~",
					     text);
	}
	if (!strncmp(text, "/-/", 3) || !strncmp(text, "/api/", 5))
		return error__refuse(why,
				     "\"%.80s\" is among the exporter's own paths (/-/..., "
				     "/api/...); choose another",
				     text);
	return 0;
}
