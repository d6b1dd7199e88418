/* SPDX-License-Identifier: GPL-2.0-only */
/* USDT probes: notes of type 3 and name "stapsdt" in the section .note.stapsdt. */
#pragma once

#include "elf/image.h"
#include "elf/input.h"

struct elf_usdts {
	struct elf_input *in;
	const char *names;	     /* of the image; has the section's bytes, too */
	uint32_t notes_at, notes;    /* where they are, and how many */
	struct elf_usdt_record *out; /* room for max records */
	size_t max;
	/* The offset of an address in the file. False: it has none. */
	bool (*locate)(void *ctx, uint64_t addr, bool is_code, uint64_t *offset);
	void *ctx;
};

/* Returns the number of records. What is damaged, or has no place in the file, is left out. */
size_t elf_usdt__read(const struct elf_usdts *u);
