/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the code of a file is in memory. For use in a confined child. */
#pragma once

#include <gelf.h>

#include "base/util.h"

#define SEGMENTS_MAX 128

struct segments {
	GElf_Phdr v[SEGMENTS_MAX]; /* the file's segments of code */
	size_t n;
};

/* 0, or -ENOENT: the file has no segments. */
int segments__read(struct segments *s, Elf *elf);
/* Translates the address of code to an offset in the file. False: there is no code. */
bool segments__offset(const struct segments *s, uint64_t address, uint64_t *out);
