/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares bytes with tests/golden/NAME. Run tests from the top of the repository. GOLDEN_UPDATE=1
 * rewrites the files. Read the difference before you commit it.
 */
#pragma once

#include "base/buf.h"

static inline void golden__read(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		fail_msg("%s: cannot be opened; tests run from the repository's top", path);
	do {
		char *p = buf__reserve(out, 65536);

		assert_non_null(p);
		n = fread(p, 1, 65536, f);
		out->len += n;
	} while (n);
	fclose(f);
}

/* Fails at the first line that differs, and prints both versions of it. */
static inline void golden__check(const char *name, struct buf *got)
{
	__cleanup_buf struct buf want = { 0 };
	char path[256];
	size_t line = 1, start = 0, i = 0;

	assert_false(got->failed);
	snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (getenv("GOLDEN_UPDATE")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_int_equal(fwrite(got->data, 1, got->len, f), got->len);
		assert_int_equal(fclose(f), 0);
		return;
	}
	golden__read(path, &want);
	for (; i < got->len && i < want.len && got->data[i] == want.data[i]; i++) {
		if (got->data[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	if (i == got->len && i == want.len)
		return;
	buf__str(got);
	buf__str(&want);
	fail_msg("%s:%zu: want \"%.*s\", got \"%.*s\"", path, line,
		 (int)strcspn(want.data + start, "\n"), want.data + start,
		 (int)strcspn(got->data + start, "\n"), got->data + start);
}
