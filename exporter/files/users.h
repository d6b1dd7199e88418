/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that have a file mapped: they pay the overhead of its probes. */
#pragma once

#include "files/opened_file.h"

/* The number of processes that have the file mapped. It stops after a second, so the result is then
 * a lower bound. -1: unknown; 0 is certain. path: the name of the file. */
int file_users__count(const struct opened_file *f, const char *path);
