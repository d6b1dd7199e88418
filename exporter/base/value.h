/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of a setting -> its value. Functions with *why return 0, or -EINVAL and a reason
 * (base/error.h) that quotes the text and says what is allowed.
 */
#pragma once

#include "base/buf.h"

/* Reads decimal digits, without sign or blanks. Returns their end; NULL: there are none, or the
 * number needs more than 64 bits. */
const char *value__digits(const char *s, uint64_t *out);
int value__unsigned(const char *text, unsigned long min, unsigned long max, unsigned long *out,
		    char **why);
/* *out is the index of text in names. */
int value__one_of(const char *text, const char *const *names, size_t n, size_t *out, char **why);
/* "256MiB" -> bytes, above 0. */
int value__size(const char *text, uint64_t *out, char **why);

/* Appends "a, b or c". */
void value__list(struct buf *out, const char *const *names, size_t n);
