/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a function's first instruction can be probed. For use in a confined child. */
#pragma once

#include "elf/input.h"

/*
 * Whether the kernel misruns the instruction at offset under a uprobe. On x86-64 it reads the
 * opcode of a VEX or EVEX instruction as if there were no prefix (branch_setup_xol_ops() and
 * push_setup_xol_ops() in arch/x86/kernel/uprobes.c, 6.18): "vpbroadcastb %esi,%ymm17" has the
 * opcode of "jp", and is skipped or jumps. Seen with __strchrnul_evex of glibc: printf
 * then no longer replaces its arguments. False if the instruction cannot be read.
 */
bool elf_code__is_misrun(struct elf_input *in, uint64_t offset);
