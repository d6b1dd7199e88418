/* SPDX-License-Identifier: GPL-2.0-only */
/* --probe.list: what can be probed here. */
#pragma once

#include "discover/env.h"

/*
 * Prints a line `object function kind signature` for each function that matches glob (NULL: all);
 * "-" if the signature is unknown. A glob with a ':' is matched against object:function. Only
 * "/path:glob" lists an ELF file. 0; or -ENOENT, which has been logged: there are none.
 */
int list__print(const struct discover_env *env, const char *glob, FILE *out);
