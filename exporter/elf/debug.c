/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug symbols outside of the file's own sections. They are as hostile as the file: .gnu_debugdata
 * is unpacked within limits, and a debug file must have the right build-id or checksum. Neither
 * proves its origin, so the caller also checks who can write it (elf/debug_file.c).
 */
#include "elf/debug.h"

#include <errno.h>
#include <libdeflate.h>
#include <lzma.h>

#define PACKED_MAX   (32 << 20) /* .gnu_debugdata, compressed */
#define UNPACKED_MAX (64 << 20)
#define DECODER_MAX  (48 << 20) /* memory of the decoder */
#define CHUNK	     (1 << 18)

/* The section has a name with its 0, padding, and the checksum. */
static void read_debuglink(struct elf_input *in, struct elf_debug_link *out)
{
	const Elf64_Shdr *s = elf_input__section_named(in, ".gnu_debuglink");
	__cleanup_free char *text = s ? elf_input__content(in, s, 4096) : NULL;
	size_t len = text ? strnlen(text, s->sh_size) : 0, crc = ALIGN_UP(len + 1, 4);

	if (!len || len >= sizeof(out->name) || crc + sizeof(out->crc) > s->sh_size ||
	    strchr(text, '/') || !strcmp(text, ".") || !strcmp(text, ".."))
		return;
	memcpy(out->name, text, len + 1);
	memcpy(&out->crc, text + crc, sizeof(out->crc));
}

void elf_debug__read_link(struct elf_input *in, struct elf_debug_link *out)
{
	*out = (struct elf_debug_link){};
	out->nbuild_id = elf_input__build_id(in, out->build_id, sizeof(out->build_id));
	read_debuglink(in, out);
}

/* ---- .gnu_debugdata ------------------------------------------------------------------------- */

/* Unpacks an xz file. NULL: it is damaged or too large. */
static void *unpack(const void *packed, size_t len, size_t *unpacked)
{
	lzma_stream x = LZMA_STREAM_INIT;
	uint8_t *out = calloc(1, UNPACKED_MAX);
	bool done = false;

	if (out && lzma_stream_decoder(&x, DECODER_MAX, 0) == LZMA_OK) {
		x.next_in = packed;
		x.avail_in = len;
		x.next_out = out;
		x.avail_out = UNPACKED_MAX;
		done = lzma_code(&x, LZMA_FINISH) == LZMA_STREAM_END;
		*unpacked = x.total_out;
	}
	lzma_end(&x);
	if (!done)
		free(take_ptr(out));
	return out;
}

static int open_debugdata(struct elf_debug *d, struct elf_input *of)
{
	const Elf64_Shdr *s = elf_input__section_named(of, ".gnu_debugdata");
	__cleanup_free char *packed = s ? elf_input__content(of, s, PACKED_MAX) : NULL;
	size_t size = 0;

	if (!s)
		return 0;
	if (packed)
		d->unpacked = unpack(packed, s->sh_size, &size);
	if (!d->unpacked)
		return elf_input__refuse(of, "its .gnu_debugdata is damaged, or takes more than "
					     "64 MiB");
	return elf_input__open(&d->in, -1, d->unpacked, size, ".gnu_debugdata", of->why);
}

/* ---- debug files ---------------------------------------------------------------------------- */

static bool same_build_id(struct elf_input *in, const struct elf_debug_link *link, bool *told)
{
	uint8_t id[ELF_BUILD_ID_MAX];
	size_t n = elf_input__build_id(in, id, sizeof(id));

	*told = n && link->nbuild_id;
	return n == link->nbuild_id && !memcmp(id, link->build_id, n);
}

static int same_checksum(struct elf_input *in, const struct elf_debug_link *link)
{
	__cleanup_free char *chunk = malloc(CHUNK);
	uint32_t crc = 0;

	if (!chunk)
		return -ENOMEM;
	for (uint64_t at = 0; at < in->size; at += CHUNK) {
		size_t len = in->size - at < CHUNK ? in->size - at : CHUNK;
		int err = elf_input__read(in, at, chunk, len);

		if (err)
			return err;
		crc = libdeflate_crc32(crc, chunk, len);
	}
	return *link->name && crc == link->crc
		       ? 0
		       : elf_input__refuse(in,
					   "%s has another checksum: it belongs to another build",
					   in->path);
}

int elf_debug__matches(struct elf_input *in, const struct elf_debug_link *link)
{
	bool told, same = same_build_id(in, link, &told);

	if (!told)
		return same_checksum(in, link);
	return same ? 0
		    : elf_input__refuse(in, "%s has another build-id: it belongs to another build",
					in->path);
}

int elf_debug__open(struct elf_debug *d, struct elf_input *of, int fd,
		    const struct elf_debug_link *link)
{
	bool told;
	int err;

	*d = (struct elf_debug){ .in = { .fd = -1 } };
	if (fd < 0)
		return open_debugdata(d, of);
	err = elf_input__open(&d->in, fd, NULL, 0, "its debug file", of->why);
	if (!err && !same_build_id(&d->in, link, &told) && told)
		err = elf_input__refuse(of, "its debug file has another build-id");
	return err;
}

void elf_debug__close(struct elf_debug *d)
{
	elf_input__close(&d->in);
	free(take_ptr(d->unpacked));
}
