/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"

/*
 * Writes to standard output, also if its reader is slow: wait() is called about once a second until
 * it accepts data again, and returns false to give up. 0 or a negative errno; -ECANCELED: given up.
 */
int output__write(const char *data, size_t len, bool (*wait)(void *ctx), void *ctx);
