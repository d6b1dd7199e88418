/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether two open files are the same. On overlayfs, a file of an image has another device number
 * in each container; but uprobes are attached to the inode below, which the containers share.
 */
#pragma once

#include "base/util.h"

/* False if they differ or it is unknown. Both must be readable, not empty. path: for messages. */
bool same_inode(int a, int b, const char *path);
