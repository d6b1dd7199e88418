/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the fuzzers. Each fuzzer is one file with fuzz__input(). It passes the input to a
 * parser, checks the result, and frees everything. harness.c and libFuzzer do the rest.
 * tests/fuzz/run.sh runs them.
 *
 * libelf and libbpf are not fuzzed by themselves: BTF comes from the kernel, and root chooses the
 * ELF files.
 */
#pragma once

#include "base/util.h"

void fuzz__input(const char *data, size_t len);

/* Ends the process, so that libFuzzer reports the input. */
#define fuzz__check(condition)                                                                  \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/*
 * A copy of exactly that size, so that AddressSanitizer detects a read beyond it. The caller frees
 * it.
 */
char *fuzz__copy(const char *data, size_t len);
/* The same, with a NUL. */
char *fuzz__text(const char *data, size_t len);
/* Cuts off the next line and returns it, or NULL at the end. The caller frees it. */
char *fuzz__line(const char **data, size_t *len);
/* Cuts off everything before a line "--", and that line. */
struct fuzz_part {
	const char *data;
	size_t len;
};
struct fuzz_part fuzz__part(const char **data, size_t *len);

/* The path of a file with that content, valid until the next call with the same place. */
#define FUZZ_FILES 3
const char *fuzz__file(unsigned place, const void *data, size_t len);

/* Checks that a message is one line and not empty, and frees it. */
void fuzz__check_message(char *text);
