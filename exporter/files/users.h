/* SPDX-License-Identifier: GPL-2.0-only */
/* Who runs a file: a probe on it costs each of these processes, and each that comes. */
#ifndef FILES_USERS_H
#define FILES_USERS_H

#include "files/opened_file.h"

/* How many processes have it mapped now; those that were seen in a second, if it takes longer. -1
 * if that cannot be told. 0 is certain. path: what it is or was called. */
int file_users__count(const struct opened_file *f, const char *path);

#endif /* FILES_USERS_H */
