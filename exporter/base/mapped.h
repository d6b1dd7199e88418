/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"

/* The path of the file that is mapped at this address in our own process, to be freed, and the
 * offset of the address in it. NULL: none is known. */
char *mapped__file(const void *address, uint64_t *offset);
