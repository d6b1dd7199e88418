/* SPDX-License-Identifier: GPL-2.0-only */
/* path(): the path of a file, from the kernel's struct path, struct dentry or struct file. */
#pragma once

#include "expr/operand.h"

/* Makes o the text of the path, and *o->path where the kernel has its parts. 0, or -EINVAL with
 * *p->why. */
int paths__apply(struct parser *p, struct operand *o);
