/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels without an expression. They describe the calling task. */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

/* What such a label shows of its value. */
enum label_part { LABEL_WHOLE, LABEL_CONTAINER_ID, LABEL_POD_UID };

struct named_label {
	const char *name;
	enum rp_source source;
	enum label_part part; /* LABEL_WHOLE: the name is also a word of expressions */
};

#define NAMED_LABELS 8
extern const struct named_label named_labels[NAMED_LABELS];

/* NULL: there is none of that name. */
const struct named_label *named_label__find(const char *name);
