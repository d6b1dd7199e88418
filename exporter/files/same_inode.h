/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Are two open files one file? On overlayfs, as containers have it, a file of a shared image has a
 * device number of its own in each container, but uprobes are attached to the inode below, which is
 * the same for all of them.
 */
#ifndef FILES_SAME_INODE_H
#define FILES_SAME_INODE_H

#include "base/util.h"

/* False, too, if that cannot be told. Both are readable, and not empty. path is for messages. */
bool same_inode(int a, int b, const char *path);

#endif /* FILES_SAME_INODE_H */
