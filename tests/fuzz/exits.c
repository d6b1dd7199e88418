/* SPDX-License-Identifier: GPL-2.0-only */
/* The code of a function, and after a line "--" its cold part. The file's owner controls both. */
#include "elf/exits.h"
#include "fuzz.h"

#define AT	0x1000
#define COLD_AT 0x4000

static bool is_inside(const struct code_range *r, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		if (offset >= r[i].offset && offset - r[i].offset < r[i].size)
			return true;
	return false;
}

void fuzz__input(const char *data, size_t len)
{
	struct fuzz_part hot = fuzz__part(&data, &len);
	char *code = fuzz__copy(hot.data, hot.len), *cold = fuzz__copy(data, len);
	const struct code_range r[] = {
		{ AT, (const uint8_t *)code, hot.len },
		{ COLD_AT, (const uint8_t *)cold, len },
	};
	size_t n = len ? 2 : 1;
	struct exits e;
	const char *why = exits__find(r, n, &e);

	if (why)
		fuzz__check(*why && !e.n && !e.v);
	fuzz__check(e.tails <= e.n && e.n <= EXITS_MAX_SITES);
	for (size_t i = 0; i < e.n; i++) {
		const struct exit_site *s = &e.v[i];

		fuzz__check(is_inside(r, n, s->offset));
		fuzz__check(!i || s->offset != e.v[i - 1].offset);
		fuzz__check(s->how.nranges <= RP_EXIT_RANGES);
		fuzz__check(s->is_jump == (s->how.kind != RP_EXIT_UNKNOWN));
	}
	exits__free(&e);
	free(code);
	free(cold);
}
