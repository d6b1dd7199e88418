/* SPDX-License-Identifier: GPL-2.0-only */
/* The privileges of the attacher. */
#pragma once

#include "base/util.h"

/* NULL if the process may load BPF programs for tracing; else one line, to be freed, that names the
 * missing capability. kernel/features.h checks what single mechanisms need. */
char *privs__missing(void);

/* Opens standard input, output and error if they are closed, so that no later descriptor takes
 * their numbers. Call it first. False: there is no /dev/null. */
bool privs__open_standard(void);
