/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan of an attachment: the mechanism of each target, and what the objects must provide. */
#pragma once

#include "discover/target.h"
#include "kernel/features.h"
#include "object/params.h"

struct attach;

/* Chooses a mechanism for every target that has an id; attaches nothing. mechanism: "auto", or the
 * mechanism to force for targets of its type. Everything is borrowed. For attach__free(). */
struct attach *plan__new(struct targets *targets, struct features *f, const char *mechanism);
/* Fills in the fields of *p that follow from the plan, which keeps owning them. */
void plan__params(const struct attach *a, struct object_params *p);
