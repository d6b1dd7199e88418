/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a setting was written, for messages. */
#pragma once

#include "base/util.h"

struct source_pos {
	const char *file; /* borrowed: a path, "preset:NAME" or "command line" */
	int line, column; /* from 1; 0: on the command line */
	int argument;	  /* its number on the command line, from 1 */
};

/* "config.yaml:12:5", "preset:vfs:3:7" or "argument 2", in a static buffer of the thread. */
const char *source_pos__str(const struct source_pos *pos);

/* Sets *error to "POSITION: text", one line to be freed, and returns -EINVAL. */
int source_pos__fail(char **error, const struct source_pos *pos, const char *fmt, ...)
	__printf_like(3, 4);
