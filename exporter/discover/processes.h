/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes of a selection as filters. Other processes may have the same inodes mapped: an
 * image is shared by its containers, and a library by its machine. So each call is checked.
 */
#pragma once

#include "discover/request.h"
#include "files/program_files.h"

struct process_filters {
	struct probe_settings settings; /* of the list, with the filters of its selection */
	struct expression *filters;	/* NULL: it has none */
};

void process_filters__add(struct process_filters *out, const struct request *r,
			  const struct program_files *programs);
/* Whether *pos is of a filter that was added. Makes *pos one of the configuration. */
bool process_filters__find(const struct process_filters *f, const struct request *r,
			   const struct source_pos **pos);
void process_filters__free(struct process_filters *f);
