/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own functions for system calls, by which they are attached (attach/choice.h). */
#pragma once

#include "discover/sources.h"
#include "discover/target.h"

#define SYSCALLS_BY_FUNCTION 64 /* more are attached by the tracepoints */

/* Sets the functions of all system calls among the targets, or why they are not attached by
 * these. */
void syscall_functions__find(struct targets *all, struct sources *s);
