/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reasons as text, for functions that return a negative errno and set *why. The text is one line,
 * without a newline: control characters become '?'. The caller frees it.
 */
#pragma once

#include <errno.h>

#include "base/util.h"

/* Sets *why and returns err. */
int error__set(char **why, int err, const char *fmt, ...) __printf_like(3, 4);
/* Sets *why and returns -EINVAL. */
#define error__refuse(why, ...) error__set(why, -EINVAL, __VA_ARGS__)
