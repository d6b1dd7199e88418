/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walk through all processes that looks for selected files.
 *
 * Libraries are lines of /proc/PID/maps that are executable. /proc/PID/map_files leads to the very
 * inode that is mapped, deleted or not, in whatever mount namespace: no path is resolved, so the
 * process cannot lead the walk elsewhere. Executables are /proc/PID/exe, which is such a link too.
 * The walk opens no file for reading, so dead file systems and devices do not matter.
 *
 * A process may have 65,000 mappings. So a walk ends after a second, and the next one goes on where
 * it ended. A process that alone takes longer is left unfinished. New processes take a fifth of a
 * second at most, and one of them 50 ms.
 */
#pragma once

#include "files/confined.h"
#include "files/finder.h"
#include "files/selection.h"

#define PROGRAM_SCAN_FOUND     48 /* new files of a walk; others are found by the next one */
#define PROGRAM_SCAN_PATH      1024
#define PROGRAM_SCAN_CGROUP    512
#define PROGRAM_SCAN_SIGHTINGS 8192
#define PROGRAM_SCAN_PROCESSES 65536 /* that are remembered; others are always new */

/* A selected file that was seen before. On overlayfs, a file has an id per container. */
struct program_key {
	struct file_id id;
	uint32_t selection;
};

/* A process that was looked at. One that was new is looked at twice, since it may have started its
 * program only after the first time. */
struct program_process {
	int pid;
	bool old;
};

struct program_scan {
	const struct selection *selections;
	size_t nselections;
	const bool *full;    /* by selection: new files are only counted */
	const bool *crowded; /* by selection: new files of another name are ignored */
	const struct program_key *known;
	size_t nknown;
	const struct program_process *processes; /* of the last walk, by pid */
	size_t nprocesses;
	bool all;      /* looks at old processes, too */
	int first_pid; /* where to begin with those */
};

/* A file that is not known. Its descriptor (O_PATH) is the result's of the same index. */
struct program_found {
	struct program_key key;
	int pid;
	bool unsure;		      /* the library by its SONAME, or another file */
	char path[PROGRAM_SCAN_PATH]; /* for messages: from the root of the exporter, if possible */
};

struct program_report {
	int next_pid;	    /* 0: all processes were looked at */
	double cpu_seconds; /* of the walk */
	double all_seconds; /* of these, because of `all` */
	uint32_t hidden;    /* processes whose files are not shown: CAP_SYS_PTRACE */
	uint32_t closed;    /* files that cannot be opened: CAP_CHECKPOINT_RESTORE */
	uint32_t nprocesses;
	struct program_process processes[PROGRAM_SCAN_PROCESSES];
	uint32_t nfound;
	struct program_found found[PROGRAM_SCAN_FOUND];
	char cgroup[SELECTIONS_MAX][PROGRAM_SCAN_CGROUP]; /* of the container or pod; "": unknown */
	/* New files of full selections: at least so many. */
	uint32_t more[SELECTIONS_MAX];
	bool seen[PROGRAM_SCAN_SIGHTINGS]; /* by index in known */
};

/* Starts a walk. *scan must stay until it has ended. 0, or a negative errno and *why. */
int program_scan__start(const struct program_scan *scan, struct confined **out, char **why);
/* The result of confined__finish(); NULL: it is invalid. */
const struct program_report *program_scan__report(const struct confined_result *result);
