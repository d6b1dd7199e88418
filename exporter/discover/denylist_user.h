/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of programs and libraries that are never probed. */
#ifndef DISCOVER_DENYLIST_USER_H
#define DISCOVER_DENYLIST_USER_H

#include "base/util.h"

/* Why the function is denied ("it returns twice"); NULL: it is allowed. Static. */
const char *denylist_user__function(const char *function);

#endif /* DISCOVER_DENYLIST_USER_H */
