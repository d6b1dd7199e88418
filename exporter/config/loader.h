/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration that is being read. */
#pragma once

#include "config/config.h"

#define COMMAND_LINE "command line" /* source_pos.file of PROBE arguments and flags */

struct preset_ref {
	char *name;
	struct source_pos pos;
};

struct loader {
	struct config *c;
	struct probe_list defaults; /* only its settings; NULL and 0 where none were given */
	char *file;		    /* --config.file */
	struct source_pos file_pos; /* of that flag */
	struct preset_ref *presets; /* in order, with repetitions */
	size_t npresets;
	struct probe_list probes; /* PROBE arguments, with the labels and filters of flags */
	bool in_preset;		  /* the file being read is a preset */
	bool help, version, check, strict, watch, list, systemd_socket, lifecycle;
	bool openmetrics_created, top, once;
	struct source_pos flag_pos; /* of the flag being parsed */
};

void loader__add_glob(struct loader *l, const char *glob); /* of --probe.list */
void loader__add_preset(struct loader *l, const char *name, const struct source_pos *pos);
/* Returns a copy that lives as long as the config. */
const char *loader__keep_file(struct loader *l, const char *file);
struct probe_list *loader__add_list(struct loader *l, const struct source_pos *pos, bool builtin);
/* Adds PROBEs that share a list. Takes its patterns and its settings. */
void loader__take_list(struct loader *l, struct probe_list *bare, bool builtin);
void loader__free(struct loader *l); /* what is in it, and the config unless taken */
