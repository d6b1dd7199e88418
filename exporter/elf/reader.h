/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the image (elf/image.h) of an ELF file. For use in a confined child. */
#pragma once

#include "base/util.h"

/* Writes the image of the file that fd has open to out. debug_fd: its debug file, or -1; path is
 * for messages. Returns the image's length, or a negative errno with one line in why
 * (files/confined.h). */
int64_t elf_reader__make_image(int fd, int debug_fd, const char *path, void *out, size_t max,
			       char *why);
