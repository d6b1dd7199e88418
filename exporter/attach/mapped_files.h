/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of the files whose functions are being attached. */
#pragma once

#include "attach/slot.h"

struct mapped_files {
	struct mapped_file *v;
	size_t n;
};

/* Maps the files of the slots' user functions; nothing for other targets. */
struct mapped_files mapped_files__new(struct attach_slot **slots, size_t n);
void mapped_files__free(struct mapped_files *m);
