/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of programs and libraries that are never probed. */
#pragma once

#include "base/util.h"

/* Why the function is denied ("it returns twice"); NULL: it is allowed. Static. */
const char *denylist_user__function(const char *function);
