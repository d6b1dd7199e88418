/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of each CPU that programs read at entries and returns (bpf/measured.bpf.h). */
#pragma once

#include "object/params.h"

struct object;

/* Before loading. */
void object_counters__size(struct object *o, const struct object_params *p);
/* After it: starts those that captures read, on all CPUs that are online. On others, reads fail,
 * and programs count that. */
void object_counters__start(struct object *o, const struct object_params *p);
