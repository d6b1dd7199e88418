/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything has a length: a password with a NUL is not the password that ends there.
 *
 * Base64 is decoded here, not by GnuTLS: that ignores white space, and leaves a copy of the
 * password in memory that it frees without wiping. Padding is checked as Go does.
 */
#include "access/credentials.h"

#include <errno.h>
#include <strings.h>

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Into out, of at least len / 4 * 3 bytes. */
static bool decode_base64(const char *s, size_t len, char *out, size_t *out_len)
{
	size_t pad = 0;

	*out_len = 0;
	if (len % 4)
		return false;
	while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		size_t digits = i + 4 == len ? 4 - pad : 4;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = k < digits ? digit_value(s[i + k]) : 0;

			if (d < 0)
				return false;
			v = v << 6 | (uint32_t)d;
		}
		for (size_t k = 0; k + 1 < digits; k++)
			out[(*out_len)++] = (char)(v >> (16 - 8 * k));
	}
	return true;
}

int credentials__parse(const char *header, size_t len, struct credentials *out)
{
	static const char scheme[] = "Basic ";
	const size_t skip = sizeof(scheme) - 1;
	struct credentials c = { 0 };
	const char *colon;
	size_t size;

	if (len < skip || strncasecmp(header, scheme, skip))
		return -EINVAL;
	c.data = malloc(len);
	if (!c.data)
		return -ENOMEM;
	c.user = c.data;
	if (!decode_base64(header + skip, len - skip, c.data, &size)) {
		/* The part that was decoded may be a secret. */
		explicit_bzero(c.data, len);
		free(c.data);
		return -EINVAL;
	}
	c.user_len = size;
	colon = memchr(c.data, ':', size);
	if (!colon) {
		credentials__free(&c);
		return -EINVAL;
	}
	c.password = colon + 1;
	c.password_len = c.data + size - c.password;
	c.user_len = colon - c.data;
	*out = c;
	return 0;
}

void credentials__free(struct credentials *c)
{
	if (c->data)
		explicit_bzero(c->data,
			       c->password ? c->user_len + 1 + c->password_len : c->user_len);
	free(c->data);
	*c = (struct credentials){ 0 };
}
