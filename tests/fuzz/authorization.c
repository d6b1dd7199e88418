/* SPDX-License-Identifier: GPL-2.0-only */
/* An Authorization header. */
#include "fuzz.h"
#include "access/auth.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *header = fuzz__copy(data, len);
	struct credentials c = {};

	if (credentials__parse(header, len, &c)) {
		fuzz__check(!c.data);
		return;
	}
	fuzz__check(c.user_len + 1 + c.password_len <= len / 4 * 3);
	fuzz__check(!memchr(c.user, ':', c.user_len));
	fuzz__check(c.user[c.user_len] == ':' && c.password == c.user + c.user_len + 1);
	credentials__free(&c);
}
