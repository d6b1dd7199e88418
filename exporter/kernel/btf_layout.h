/* SPDX-License-Identifier: GPL-2.0-only */
/* The few layouts of kernel structures that are known without the kernel's BTF. */
#ifndef KERNEL_BTF_LAYOUT_H
#define KERNEL_BTF_LAYOUT_H

#include "base/util.h"

/*
 * A descriptor of a file that has BTF to relocate programs by, on a kernel without BTF; or a
 * negative errno. release: utsname's. What programs read of other structures, they cannot read
 * there: bpf_core_field_exists() tells them.
 */
int btf_layout__open(const char *release);

#endif /* KERNEL_BTF_LAYOUT_H */
