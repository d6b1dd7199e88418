/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the image (elf/parameters_image.h) of some functions' parameters. For use in a confined
 * child. */
#pragma once

#include "elf/parameters_image.h"

/* Writes the image to out. fd: the file; debug_fd: its debug file, or -1; path is for messages.
 * Returns the image's length, or a negative errno with one line in why (files/confined.h). */
int64_t parameters_reader__make_image(const struct parameters_request *request, int fd,
				      int debug_fd, const char *path, void *out, size_t max,
				      char *why);
