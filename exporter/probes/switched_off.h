/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel switches (kprobes, ftrace) that stop probes from counting. */
#pragma once

#include "probes/state.h"

/* Reads the switches and marks the targets that they affect. Returns whether any mark changed. */
bool switched_off__check(struct reconcile *r);
