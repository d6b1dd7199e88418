/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs and libraries that a PROBE names without their path, as in "bash:readline". */
#pragma once

#include "base/util.h"

/*
 * The PROBE with the path in the place of the name: a program in PATH, else a library that the
 * dynamic linker finds ("libc.so.6", or "libc" for short). To be freed. NULL: it needs none, or
 * there is no such file. The name of a module of this kernel stays a module's.
 */
char *short_path__expand(const char *probe);
