/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that are selected by what they are instead of by their path. Every condition must hold. */
#pragma once

#include "base/util.h"

#define SELECTIONS_MAX 64 /* of a configuration */

struct selection {
	char *library;	 /* name of a mapped file, as libssl.so.3; NULL: the executable */
	char *comm;	 /* of the process; NULL: any */
	char *container; /* id, or at least 12 digits of it; NULL: any */
	char *pod_uid;	 /* NULL: any */
	int pid;	 /* 0: any */
};

bool selection__same(const struct selection *a, const struct selection *b);
struct selection selection__copy(const struct selection *s);
void selection__free(struct selection *s); /* what is in it */
/* For the label `object`: "libssl.so.3", "comm:postgres", "pid:17". To be freed. */
char *selection__name(const struct selection *s);
/* Whether a name is the library's: the name itself, or followed by more of a version, as
 * libpq.so.5.17 for libpq.so.5. */
bool selection__names(const struct selection *s, const char *name);
/* Whether a file of that name can be the library under its SONAME, as libc-2.31.so is libc.so.6. */
bool selection__may_be(const struct selection *s, const char *file);
/* Whether the id of a container, with or without the runtime, is the selected one. */
bool selection__is_container(const struct selection *s, const char *id);
