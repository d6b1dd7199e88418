/* SPDX-License-Identifier: GPL-2.0-only */
/* Loaded kernel modules. */
#pragma once

#include <stdint.h>

/* A hash that changes when a module is loaded or unloaded, never 0. Ignores modules that are still
 * loading or unloading. proc: "/proc". */
uint64_t modules__fingerprint(const char *proc);
