/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/image.h"

#include <errno.h>

bool image__is_reading(const struct image *io)
{
	return !io->out;
}

void image__expect(struct image *io, bool right)
{
	if (!right && !io->err)
		io->err = -EINVAL;
}

static const char *take(struct image *io, size_t len)
{
	const char *p = io->next;

	image__expect(io, len <= (size_t)(io->end - io->next));
	if (io->err)
		return NULL;
	io->next += len;
	return p;
}

void image__bytes(struct image *io, void *p, size_t len)
{
	const char *from;

	if (io->out) {
		buf__append(io->out, p, len);
		io->err = io->out->failed ? -ENOMEM : io->err;
		return;
	}
	from = take(io, len);
	if (from)
		memcpy(p, from, len);
}

void image__flag(struct image *io, bool *flag)
{
	uint8_t byte = *flag;

	image__field(io, &byte);
	image__expect(io, byte <= 1);
	*flag = byte;
}

void image__block(struct image *io, const char **p, size_t *len)
{
	image__field(io, len);
	if (io->out)
		image__bytes(io, (void *)*p, *len);
	else
		*p = take(io, *len);
	if (io->err && !io->out)
		*len = 0;
}

/* With its NUL; NULL has no bytes. */
void image__string(struct image *io, const char **s)
{
	size_t len = io->out && *s ? strlen(*s) + 1 : 0;

	image__block(io, s, &len);
	if (io->out)
		return;
	if (!len)
		*s = NULL;
	image__expect(io, !*s || !(*s)[len - 1]);
	if (io->err)
		*s = NULL;
}

/* Each element has at least a byte, so a forged number allocates little. */
void image__array(struct image *io, void *arrayp, size_t *n, size_t size)
{
	void *p;

	image__field(io, n);
	if (io->out)
		return;
	image__expect(io, *n <= (size_t)(io->end - io->next));
	if (io->err)
		*n = 0;
	p = calloc(*n + 1, size);
	if (!p) {
		*n = 0;
		io->err = -ENOMEM;
	}
	memcpy(arrayp, &p, sizeof(p));
}
