/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/json.h"

#include "base/util.h"

void json__member(struct buf *b, const char *name, const char *value)
{
	buf__printf(b, ",\"%s\":", name);
	if (value)
		buf__json_string(b, value);
	else
		buf__puts(b, "null");
}

void json__lines(struct buf *b, const char *text)
{
	const char *comma = "";

	for (const char *p = text; p && *p;) {
		size_t len = strcspn(p, "\n");
		__cleanup_free char *line = xstrndup(p, len);

		buf__puts(b, comma);
		buf__json_string(b, line);
		comma = ",";
		p += len + (p[len] == '\n');
	}
}
