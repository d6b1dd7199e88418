/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "files/confined_job.h"

/* In the child: gives up everything that the job does not need. Keeps the job's descriptors and
 * channel. 0 or a negative errno. */
int confined__drop(const struct confined_job *job, int channel);
