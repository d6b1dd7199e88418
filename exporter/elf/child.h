/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads an ELF file in a confined child, and checks the image that the child has made of it. */
#pragma once

#include "files/confined.h"

struct elf_child {
	/* In the child: writes the image to out. Its length, or a negative errno with one line in
	 * why. */
	int64_t (*make)(const struct elf_child *child, void *out, size_t max, char *why);
	const void *request; /* for make */
	bool (*is_sound)(const void *image, size_t size);
	int fd, debug_fd; /* the file, and its debug file or -1 */
	const char *path; /* for messages, as is what: "reading FILE" */
	const char *what;
	size_t max, memory; /* bytes: of the image, and for the child besides */
};

/* 0 with the image in *out, or a negative errno and *why (to be freed). confined__release(out) in
 * either case. -EFAULT: the child crashed, or its image is not sound. */
int elf_child__run(const struct elf_child *child, struct confined_result *out, char **why);
