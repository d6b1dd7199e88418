/* SPDX-License-Identifier: GPL-2.0-only */
/* The labels outcome and value of retprobe_returns_total. */
#pragma once

#include "discover/target.h"

struct outcome_text {
	const char *outcome, *value;
};

/* Of a class of results of t. The value is NULL if t's return kind does not have the class. */
struct outcome_text outcome_text__of_class(const struct target *t, enum rp_class cls);
/* Of a result that is counted by number. The value may be in buf, of at least 24 bytes. */
struct outcome_text outcome_text__of_number(const struct target *t, int64_t value, char *buf,
					    size_t size);
/* Whether the class is exported before its first call. */
bool outcome_text__is_initial(const struct target *t, enum rp_class cls);
