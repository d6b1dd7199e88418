/* SPDX-License-Identifier: GPL-2.0-only */
/* Layouts of kernel structures, for kernels without BTF. */
#pragma once

#include "base/util.h"

/* Where the fields of a tracepoint's record begin, unless tracefs says otherwise. */
#define BTF_LAYOUT_RECORD 8

/*
 * A descriptor of a file with the BTF by which to relocate programs, or a negative errno. release:
 * utsname's. record: where the fields of a tracepoint's record begin, in bytes. Other structures
 * are not in it, so for their fields bpf_core_field_exists() is false.
 */
int btf_layout__open(const char *release, unsigned record);
