/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers share. A fuzzer is one file with fuzz__input(), which hands an input to what
 * reads such things and checks what it promises; it leaves nothing behind. The rest is harness.c
 * and libFuzzer; tests/fuzz/run.sh runs them.
 *
 * What is not held to anything here: libelf's and libbpf's own reading. BTF comes from the kernel,
 * and which ELF files are read is root's choice.
 */
#pragma once

#include "base/util.h"

void fuzz__input(const char *data, size_t len);

/* Ends the process, upon which libFuzzer tells the input. */
#define fuzz__check(condition)                                                                  \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* A copy of just that size, so that a look behind it is noticed; to be freed. */
char *fuzz__copy(const char *data, size_t len);
/* The same, with a NUL. */
char *fuzz__text(const char *data, size_t len);
/* Cuts the next line off and returns it, to be freed; NULL at the end. */
char *fuzz__line(const char **data, size_t *len);
/* Cuts off what is before a line "--", and that line. */
struct fuzz_part {
	const char *data;
	size_t len;
};
struct fuzz_part fuzz__part(const char **data, size_t *len);

/* The path of a file with that content, until the next one in the same place. */
#define FUZZ_FILES 3
const char *fuzz__file(unsigned place, const void *data, size_t len);

/* A message is one line, and not empty; it is freed. */
void fuzz__check_message(char *text);
