/* SPDX-License-Identifier: GPL-2.0-only */
/* A cache of the dynamic linker that lists any libraries. */
#pragma once

#include "base/buf.h"

#if defined(__aarch64__)
#define LD_CACHE_OURS 0x0a03
#else
#define LD_CACHE_OURS 0x0303
#endif

struct ld_cache_row {
	const char *name, *path;
	int32_t flags;
};

static inline void ld_cache_fixture__u32(struct buf *b, uint32_t v)
{
	buf__append(b, &v, sizeof(v));
}

/* old: with a header in the format before glibc 2.32 in front. */
static inline void ld_cache_fixture__make(struct buf *b, const struct ld_cache_row *rows, size_t n,
					  bool old)
{
	uint32_t at = 48 + n * 24;
	struct buf strings = {};

	if (old) {
		buf__append(b, "ld.so-1.7.0", 12);
		ld_cache_fixture__u32(b, 1);
		buf__append(b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	}
	buf__append(b, "glibc-ld.so.cache1.1", 20);
	ld_cache_fixture__u32(b, n);
	ld_cache_fixture__u32(b, 0);
	for (int i = 0; i < 5; i++)
		ld_cache_fixture__u32(b, 0);
	for (size_t i = 0; i < n; i++) {
		ld_cache_fixture__u32(b, rows[i].flags);
		ld_cache_fixture__u32(b, at + strings.len);
		buf__append(&strings, rows[i].name, strlen(rows[i].name) + 1);
		ld_cache_fixture__u32(b, at + strings.len);
		buf__append(&strings, rows[i].path, strlen(rows[i].path) + 1);
		for (int k = 0; k < 3; k++)
			ld_cache_fixture__u32(b, 0);
	}
	buf__append(b, strings.data, strings.len);
	buf__free(&strings);
}
