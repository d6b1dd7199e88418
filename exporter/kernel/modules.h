/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel modules that are loaded. */
#ifndef KERNEL_MODULES_H
#define KERNEL_MODULES_H

#include <stdint.h>

/* Changes whenever a module is loaded or unloaded, and is never 0. proc: "/proc". Modules on their
 * way in or out do not count. */
uint64_t modules__fingerprint(const char *proc);

#endif /* KERNEL_MODULES_H */
