/* SPDX-License-Identifier: GPL-2.0-only */
/* FNV-1a, 64 bits. */
#pragma once

#include "base/util.h"

#define HASH_START 0xcbf29ce484222325ULL

static inline uint64_t hash__byte(uint64_t h, unsigned char c)
{
	return (h ^ c) * 0x100000001b3ULL;
}

static inline uint64_t hash__string(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = hash__byte(h, *s);
	return h;
}

/* For a table that keeps 32 bits. */
static inline uint32_t hash__fold(uint64_t h)
{
	return (uint32_t)(h ^ h >> 32);
}
