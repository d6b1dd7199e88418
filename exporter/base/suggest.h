/* SPDX-License-Identifier: GPL-2.0-only */
/* The nearest names to a misspelt one. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include "base/util.h"

#define SUGGEST_MAX    8 /* more are of no help */
#define SUGGEST_PHRASE 3 /* as many as a sentence has */

/*
 * Up to max (at most SUGGEST_MAX) of the n candidates that are near to name, best first, into out;
 * returns how many. Each is given once even if candidates repeat it; NULL candidates are skipped.
 */
size_t suggest__nearest(const char *name, const char *const *candidates, size_t n, const char **out,
			size_t max);

/* Suggestions as the end of a sentence: "; did you mean a, b or c?", or "" for none. To be freed.
 */
char *suggest__phrase(const char *const *near, size_t n);
/* The same as the end of a sentence: "; did you mean a, b or c?", or "" if nothing is near. To be
 * freed. */
char *suggest__hint(const char *name, const char *const *candidates, size_t n);

#endif /* BASE_SUGGEST_H */
