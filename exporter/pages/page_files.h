/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

/* Files of exporter/pages/page/, embedded by page_files.sh. The last has no name. */
struct page_file {
	const char *name, *text;
};
extern const struct page_file page_files[];
