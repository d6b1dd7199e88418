/* SPDX-License-Identifier: GPL-2.0-only */
/* What is logged, in tests that wrap log__line(). */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

static char said[1000]; /* the last line */
static int times_said;

void __wrap_log__line(enum log_level level, const char *fmt, ...);
void __wrap_log__line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	times_said++;
}
