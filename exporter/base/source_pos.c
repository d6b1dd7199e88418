/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/source_pos.h"

#include <limits.h>
#include <stdarg.h>

#include "base/error.h"

const char *source_pos__str(const struct source_pos *pos)
{
	static _Thread_local char text[PATH_MAX + 32];

	if (pos->line)
		snprintf(text, sizeof(text), "%s:%d:%d", pos->file, pos->line, pos->column);
	else if (pos->argument)
		snprintf(text, sizeof(text), "argument %d", pos->argument);
	else
		snprintf(text, sizeof(text), "%s", pos->file);
	return text;
}

int source_pos__fail(char **error, const struct source_pos *pos, const char *fmt, ...)
{
	__cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return error__refuse(error, "%s: %s", source_pos__str(pos), text);
}
