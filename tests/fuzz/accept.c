/* SPDX-License-Identifier: GPL-2.0-only */
/* An Accept header, and an Accept-Encoding on the next line. */
#include "expose/formats.h"
#include "expose/protobuf.h"
#include "http/accept.h"
#include "fuzz.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *accept = fuzz__line(&data, &len), *encoding = fuzz__line(&data, &len);
	const struct expo_format *format = accept__format(expo_formats, EXPO_FORMATS, accept);

	fuzz__check(format);
	/* A browser must never get a format that it cannot show. */
	fuzz__check(format != &expo_protobuf || strcasestr(accept, "application/"));
	fuzz__check(!accept__gzip(encoding) || strpbrk(encoding, "gG*"));
}
