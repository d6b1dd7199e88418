/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/error.h"

int error__set(char **why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*why = xvasprintf(fmt, ap);
	va_end(ap);
	for (char *s = *why; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	}
	return err;
}
