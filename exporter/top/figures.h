/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as the tables show them: never more exact than they are known. ASCII. */
#pragma once

#include "base/buf.h"
#include "top/rows.h"

#define FIGURE_MAX 32

/* Three digits: "0.0125", "3.14", "512"; all digits of larger numbers. */
void figure__rate(char out[FIGURE_MAX], double v);
/* A bound of durations in ns, rounded up to three digits: "2.11 ms". */
void figure__at_most(char out[FIGURE_MAX], uint64_t ns);
/* "2.11 ms", the upper bound of the bin; "> 10 s" beyond the last bound; "-" if unknown. */
void figure__quantile(char out[FIGURE_MAX], const struct top_quantile *q);
/* "10.0 s" */
void figure__seconds(char out[FIGURE_MAX], double seconds);
