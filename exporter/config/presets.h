/* SPDX-License-Identifier: GPL-2.0-only */
/* The shipped presets, which config/presets.sh puts into build/presets.c. */
#pragma once

#include <stddef.h>

struct preset {
	const char *name, *yaml;
};
extern const struct preset presets[]; /* ends with a NULL name */
