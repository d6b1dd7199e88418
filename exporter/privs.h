/* SPDX-License-Identifier: GPL-2.0-only */
/* What the process may do, and what to say when that is not enough. */
#ifndef PRIVS_H
#define PRIVS_H

#include "util.h"

/* NULL if BPF programs can be loaded and attached to perf events; else one line, to be freed, that
 * names the capability that is missing. */
char *privs__missing(void);

#endif /* PRIVS_H */
