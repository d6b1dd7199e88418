/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel functions and system calls that are never probed, although the kernel may allow it. */
#pragma once

#include "base/util.h"

/* Why the function is denied ("it never returns"); NULL: it is allowed. Static. */
const char *denylist__kernel(const char *function);
const char *denylist__syscall(const char *name);
