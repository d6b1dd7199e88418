/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are selected by what they are (files/selection.h), in every container, as processes
 * come and go.
 *
 * Processes are walked in the background (files/program_scan.h): new ones every two seconds, and
 * all of them, too, unless that would take more than 1 % of a CPU; then less often. A uprobe
 * belongs to an inode. So a new process of a known file is counted from its first call, and only
 * calls before a file's first walk are not.
 *
 * A file has an id per container on overlayfs; it is opened once (files/same_inode.h). A file stays
 * while a process has it mapped, and for a minute after that: programs may be short and run often.
 */
#pragma once

#include "files/opened_file.h"
#include "files/selection.h"

#define PROGRAM_FILES_MAX 64 /* of a selection */

struct program_file {
	struct opened_file *opened;
	char *path; /* for messages, and to look for debug files */
	int pid;    /* of a process that had it mapped */
};

struct program_files;

/* Reads the SONAME of an untrusted file: to be freed, or NULL. path: for messages. */
typedef char *program_soname(int fd, const char *path);
struct program_files *program_files__new(program_soname *soname);
void program_files__free(struct program_files *p); /* NULL is fine */
/* What to look for from now on. Files of selections that stay are kept. Copies v. */
void program_files__select(struct program_files *p, const struct selection *const *v, size_t n);
/*
 * Starts and finishes walks. Returns whether files came or went since the last call. It waits for a
 * walk for at most `patience` seconds; then the result is not older than the call.
 */
bool program_files__tick(struct program_files *p, double now, double patience);

/* The files of a selection, in the order in which they were found. */
size_t program_files__of(const struct program_files *p, const struct selection *s,
			 const struct program_file *out[PROGRAM_FILES_MAX]);
/* Files beyond PROGRAM_FILES_MAX. */
size_t program_files__left_out(const struct program_files *p, const struct selection *s);
/* The cgroup of the selected container or pod; NULL: none is known. */
const char *program_files__cgroup(const struct program_files *p, const struct selection *s);
/* What cannot be seen for lack of a capability, in words; NULL: nothing. */
const char *program_files__missing(const struct program_files *p);
