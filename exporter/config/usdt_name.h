/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of USDT probes: PATH:NAME or PATH:PROVIDER:NAME, and as a PROBE PATH:usdt:[PROVIDER:]NAME.
 */
#pragma once

#include "base/util.h"

/* Where ":usdt:" is in a PROBE; NULL: it is no USDT probe. */
const char *usdt_name__word(const char *probe);
/* Where ":entry:" is; NULL: it is no entry of a function. */
const char *usdt_name__entry(const char *probe);
/* Whether it is NAME or PROVIDER:NAME. */
bool usdt_name__is(const char *name);
/* Splits PATH:[PROVIDER:]NAME. *path is to be freed, *name is a part of text. -EINVAL and *why. */
int usdt_name__split(const char *text, char **path, const char **name, char **why);
