/* SPDX-License-Identifier: GPL-2.0-only */
/* Where discovery reads. */
#pragma once

#include "files/program_files.h"

/* Paths to read; NULL: those of the running system. Tests use fixtures. */
struct discover_env {
	const char *kallsyms;			/* /proc/kallsyms */
	const char *available_filter_functions; /* in tracefs */
	const char *kprobe_blacklist;		/* in debugfs; may be missing */
	const char *btf_dir;			/* /sys/kernel/btf */
	const char *modules_dir;		/* /lib/modules/RELEASE */
	int tracefs;				/* directory descriptor, -1 if there is none */
	/* Files that are selected by what they are; NULL: there are none. */
	const struct program_files *programs;
	/* Whether the functions of system calls are wanted: they can be probed here. */
	bool functions;
	/* For discoveries that no user has started: unsuitable settings are REASON_REFUSED instead
	 * of an error, and warnings are not repeated. */
	bool lenient;
};
