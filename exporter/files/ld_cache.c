/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format is in glibc's sysdeps/generic/dl-cache.h: header, entries, strings. The offsets of
 * strings count from the header. Before glibc 2.32 an older format could precede this one.
 */
#include "files/ld_cache.h"

#include <errno.h>

#define MAGIC	   "glibc-ld.so.cache1.1"
#define OLD_MAGIC  "ld.so-1.7.0"
#define OLD_ENTRY  12
#define STRING_MAX 4096
#define ELF_LIBC6  3 /* the lowest byte of an entry's flags */

/* The rest of the flags: _DL_CACHE_DEFAULT_ID of each architecture. */
#if defined(__x86_64__)
#define OUR_FLAGS 0x0303
#elif defined(__aarch64__)
#define OUR_FLAGS 0x0a03
#elif defined(__s390x__)
#define OUR_FLAGS 0x0403
#elif defined(__powerpc64__)
#define OUR_FLAGS 0x0503
#else
#define OUR_FLAGS ELF_LIBC6
#endif

struct header {
	char magic[sizeof(MAGIC) - 1];
	uint32_t nlibs, len_strings;
	uint8_t flags, padding[3];
	uint32_t extension_offset, unused[3];
};

struct entry {
	int32_t flags;
	uint32_t key, value;
	uint32_t osversion;
	uint64_t hwcap;
};

struct old_header {
	char magic[sizeof(OLD_MAGIC) - 1];
	char padding;
	uint32_t nlibs;
};

/* The offset of the header; len: there is none. */
static size_t find_header(const char *data, size_t len)
{
	struct old_header old;
	uint64_t at = 0;

	if (len >= sizeof(old) && !memcmp(data, OLD_MAGIC, strlen(OLD_MAGIC))) {
		memcpy(&old, data, sizeof(old));
		at = ALIGN_UP(sizeof(old) + (uint64_t)old.nlibs * OLD_ENTRY, 8);
	}
	if (at > len || len - at < sizeof(struct header) || memcmp(data + at, MAGIC, strlen(MAGIC)))
		return len;
	return at;
}

/* The string at that offset; NULL: it has no end, or is too long. */
static const char *string_at(const char *cache, size_t len, uint32_t offset)
{
	size_t most = offset < len ? len - offset : 0;

	if (most > STRING_MAX)
		most = STRING_MAX;
	return most && memchr(cache + offset, '\0', most) ? cache + offset : NULL;
}

int ld_cache__list(const void *data, size_t len,
		   bool (*each)(void *ctx, const char *name, const char *path), void *ctx)
{
	size_t at = find_header(data, len);
	const char *cache = (const char *)data + at;
	struct header h;
	struct entry e;

	if (at == len)
		return -EINVAL;
	len -= at;
	memcpy(&h, cache, sizeof(h));
	for (size_t i = 0; i < h.nlibs && (i + 1) * sizeof(e) <= len - sizeof(h); i++) {
		const char *name, *path;

		memcpy(&e, cache + sizeof(h) + i * sizeof(e), sizeof(e));
		name = string_at(cache, len, e.key);
		path = string_at(cache, len, e.value);
		if (e.flags == OUR_FLAGS && name && path && path[0] == '/' &&
		    !each(ctx, name, path))
			break;
	}
	return 0;
}
