/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of kernel addresses, for stacks. Reading kallsyms takes tens of milliseconds, so names are
 * kept, and all new addresses are looked up in one pass.
 */
#pragma once

#include "base/util.h"

struct ksym_names;
struct ksym_names *ksym_names__new(const char *proc); /* "/proc" */
void ksym_names__free(struct ksym_names *k);	      /* NULL is fine */
/* Looks up the addresses that are not known yet, unless passes would take too much CPU time. */
void ksym_names__look_up(struct ksym_names *k, const uint64_t *addrs, size_t n);
/* "vfs_read+0x12", with " [module]" if it is in one. "?": unknown; addresses stay secret. */
const char *ksym_names__of(const struct ksym_names *k, uint64_t addr);
