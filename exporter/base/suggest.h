/* SPDX-License-Identifier: GPL-2.0-only */
/* Names similar to a misspelt one. */
#pragma once

#include "base/util.h"

#define SUGGEST_MAX    8 /* more do not help */
#define SUGGEST_PHRASE 3 /* in a sentence */

/*
 * Writes up to max (at most SUGGEST_MAX) candidates similar to name into out, best first, without
 * repetitions. Skips candidates that are NULL. Returns their number.
 */
size_t suggest__nearest(const char *name, const char *const *candidates, size_t n, const char **out,
			size_t max);

/* The end of a sentence: "; did you mean a, b or c?", or "" for none. To be freed. */
char *suggest__phrase(const char *const *near, size_t n);
/* The same for the candidates similar to name. To be freed. */
char *suggest__hint(const char *name, const char *const *candidates, size_t n);
