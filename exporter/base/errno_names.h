/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"

/*
 * "ENOENT" for 2. The kernel's internal codes (ERESTARTSYS, EPROBE_DEFER, ...) have names, too. A
 * code without a name is "E<number>". The result is static, or in buf (at least 16 bytes).
 */
const char *errno_name(int64_t err, char *buf, size_t size);

#define ERRNO_NAMES 512 /* as many as there may be */
/* All names. Returns their number. */
size_t errno_names(const char *out[ERRNO_NAMES]);
