/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels without an expression. They describe the calling task, and the callers of the function. */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

/* What such a label shows of its value. */
enum label_part { LABEL_WHOLE, LABEL_CONTAINER_ID, LABEL_POD_UID, LABEL_CALLER };

struct named_label {
	const char *name;  /* as it is written */
	const char *label; /* of the series */
	enum rp_source source;
	enum label_part part; /* LABEL_WHOLE: the name is also a word of expressions */
};

#define NAMED_LABELS 10
extern const struct named_label named_labels[NAMED_LABELS];

/* NULL: there is none of that name. */
const struct named_label *named_label__find(const char *name);
/* The one that a label is, given its name in series and what is written for it; NULL: it is an
 * expression. */
const struct named_label *named_label__of(const char *label, const char *text);
