/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of a value -> the value, or the reason why not and what would do. */
#include "base/buf.h"
#include "config/internal.h"
#include "base/suggest.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>

#define MAX_DURATION (365.0 * 86400)

const char *const config_mechanisms[] = {
	"auto",		"fsession.multi", "fsession",	"fexit",      "kprobe.session",
	"kprobe.multi", "kretprobe",	  "tracepoint", "uprobe.ret", "uprobe.session",
	"uprobe.multi", "uretprobe",	  NULL
};

/* Decimal digits at s, no sign and no blanks; returns where they end, or NULL without any or beyond
 * 2^64. */
static const char *parse_digits(const char *s, uint64_t *out)
{
	const char *start = s;

	*out = 0;
	for (; isdigit((unsigned char)*s); s++) {
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(*s - '0'), out))
			return NULL;
	}
	return s == start ? NULL : s;
}

int value__size(const char *text, uint64_t *out, char **why)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "KiB", 1ULL << 10 },
		{ "MiB", 1ULL << 20 },
		{ "GiB", 1ULL << 30 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
	};
	const char *suffix;
	uint64_t number, size;

	suffix = parse_digits(text, &number);
	for (size_t i = 0; suffix && i < ARRAY_SIZE(units); i++) {
		if (strcmp(suffix, units[i].suffix))
			continue;
		if (!number || __builtin_mul_overflow(number, units[i].factor, &size))
			break;
		*out = size;
		return 0;
	}
	return config__refuse(why,
			      "\"%.80s\" is not a size; write a whole number above 0 and KiB, MiB, "
			      "GiB, KB, MB, GB or nothing for bytes, as in 256MiB",
			      text);
}

int value__unsigned(const char *text, unsigned long min, unsigned long max, unsigned long *out,
		    char **why)
{
	const char *end;
	uint64_t number;

	end = parse_digits(text, &number);
	if (!end || *end || number < min || number > max)
		return config__refuse(
			why, "\"%.80s\" is not allowed; write a whole number from %lu to %lu", text,
			min, max);
	*out = number;
	return 0;
}

void value__list(struct buf *out, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf__printf(out, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", names[i]);
}

int value__one_of(const char *text, const char *const *names, size_t n, size_t *out, char **why)
{
	__cleanup_free char *hint = NULL;
	__cleanup_buf struct buf list = {};

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	}
	value__list(&list, names, n);
	hint = suggest__hint(text, names, n);
	return config__refuse(why, "\"%.80s\" is not allowed%s (%s)", text, hint, buf__str(&list));
}

/* One number and unit of a duration at s; returns where it ends, or NULL. *last is the unit before,
 * which must be a longer one. */
static const char *parse_duration_part(const char *s, double *sum, unsigned *last)
{
	static const struct {
		char suffix;
		unsigned seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	uint64_t number;

	s = parse_digits(s, &number);
	for (size_t i = 0; s && i < ARRAY_SIZE(units); i++) {
		if (*s != units[i].suffix || units[i].seconds >= *last)
			continue;
		*last = units[i].seconds;
		*sum += (double)number * units[i].seconds;
		return s + 1;
	}
	return NULL;
}

int value__duration(const char *text, double *out, char **why)
{
	const char *s = text;
	unsigned last = ~0U;
	double sum = 0;

	do {
		s = parse_duration_part(s, &sum, &last);
	} while (s && *s);
	if (!s || sum < 1 || sum > MAX_DURATION)
		return config__refuse(
			why,
			"\"%.80s\" is not allowed; write whole numbers of d, h, m and "
			"s, from 1s to 365d, as in 30m or 1h30m",
			text);
	*out = sum;
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

/* A name or an IPv4 address; whether it resolves is for the one who binds it. */
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
		return config__refuse(why,
				      "\"%s\" is an IPv6 address without a port, or without its "
				      "brackets; write [%s]:10435",
				      text, text);
	if (!colon)
		return config__refuse(
			why, "\"%.80s\" has no port; write host:port, [v6]:port or :port", text);

	end = parse_digits(colon + 1, &port);
	if (!end || *end || port > 65535)
		return config__refuse(why, "\"%.80s\": the port must be a number from 0 to 65535",
				      text);

	len = colon - text;
	if (text[0] == '[')
		valid = len > 2 && text[len - 1] == ']' && is_ipv6(text + 1, len - 2);
	else
		valid = is_host(text, len);
	if (!valid)
		return config__refuse(why,
				      "\"%.80s\" is not an address; write host:port, [v6]:port or "
				      ":port",
				      text);
	return 0;
}

int value__http_path(const char *text, char **why)
{
	if (text[0] != '/')
		return config__refuse(why, "\"%.80s\" is not a path; it must begin with '/'", text);
	for (const char *s = text; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr("/-._~", *s))
			return config__refuse(why,
					      "\"%.80s\" is not a path; use letters, digits and "
					      "/ - . _ ~",
					      text);
	}
	if (!strncmp(text, "/-/", 3) || !strncmp(text, "/api/", 5))
		return config__refuse(why,
				      "\"%.80s\" is among the exporter's own paths (/-/..., "
				      "/api/...); choose another",
				      text);
	return 0;
}
