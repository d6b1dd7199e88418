/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two halves of confined share; nobody else includes this. */
#ifndef FILES_CONFINED_INTERNAL_H
#define FILES_CONFINED_INTERNAL_H

#include "files/confined.h"

/* In the child: gives up what the job does not need, but for its descriptor and this one. 0 or a
 * negative errno. */
int confined__drop(const struct confined_job *job, int channel);

#endif /* FILES_CONFINED_INTERNAL_H */
