/* SPDX-License-Identifier: GPL-2.0-only */
/* What the configuration tells the readers of a probe's numbers. It changes nothing that is
 * counted. */
#pragma once

#include "base/util.h"

enum waits { WAITS_NOT_SAID, WAITS_NO, WAITS_YES };

struct probe_notes {
	char *description; /* NULL: none */
	char *expected;	   /* values of outcome="error", separated by commas; NULL: none */
	enum waits waits;  /* whether the function waits for work */
};

#define PROBE_DESCRIPTION_MAX 200
#define PROBE_EXPECTED_MAX    32 /* values */

/* Adds a value to `expected`. 0, or a negative errno and *why: no call can fail with it. */
int probe_notes__expect(struct probe_notes *n, const char *value, char **why);
/* Fills what n lacks. */
void probe_notes__fill(struct probe_notes *n, const struct probe_notes *defaults);
struct probe_notes probe_notes__copy(const struct probe_notes *n);
bool probe_notes__same(const struct probe_notes *a, const struct probe_notes *b);
void probe_notes__free(struct probe_notes *n); /* what is in it */
