/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose calls in progress a scan of the tasks can find (bpf/scan.bpf.h). */
#pragma once

#include "attach/mechanism.h"
#include "attach/slot.h"
#include "object/params.h"

/* NULL, or why calls of the target cannot be told. */
const char *in_flight__unknown(const struct attach_slot *slot, struct features *f);
/* What to scan for. out->ranges is to be freed. */
void in_flight__plan(const struct attach_slot *slots, size_t n, struct features *f,
		     struct scan_params *out);
