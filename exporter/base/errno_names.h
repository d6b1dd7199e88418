/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"

/*
 * "ENOENT" for 2. The kernel's internal codes (ERESTARTSYS, EPROBE_DEFER, ...) have names, too. A
 * code without a name is "E<number>". The result is static, or in buf (at least 16 bytes).
 */
const char *errno_name(int64_t err, char *buf, size_t size);
