/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose content is cached and read again when it changes. It is opened by name each time and
 * symbolic links are followed, because Kubernetes and certbot replace a file by replacing a link.
 */
#pragma once

#include "access/text.h"

struct web_file;

#define WEB_FILE_MAX_BYTES (4u << 20)

/* Reads nothing yet. */
struct web_file *web_file__new(const char *path);
/* A path as it is written in the file `other`. */
struct web_file *web_file__new_beside(const char *other, const char *path);
const char *web_file__path(const struct web_file *f);
/* 1: the content has changed since the last call; 0: it is the same; or a negative errno, and there
 * is no content. */
int web_file__refresh(struct web_file *f);
/* Valid until the next refresh. */
const struct web_text *web_file__text(const struct web_file *f);
/* Also wipes the content. NULL is fine. */
void web_file__free(struct web_file *f);
