/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose content is kept and read again when it changes. It is opened by name each time,
 * symbolic links followed, since Kubernetes and certbot exchange a file by exchanging a link.
 */
#ifndef ACCESS_FILE_H
#define ACCESS_FILE_H

#include "access/text.h"

struct web_file;

#define WEB_FILE_MAX_BYTES (4u << 20)

/* Reads nothing yet. */
struct web_file *web_file__new(const char *path);
/* path as another file's text names it. */
struct web_file *web_file__new_beside(const char *other, const char *path);
const char *web_file__path(const struct web_file *f);
/* 1 if the content is another one than at the last call, 0 if it is the same, or a negative errno;
 * then there is no content. */
int web_file__refresh(struct web_file *f);
/* Valid until the next refresh. */
const struct web_text *web_file__text(const struct web_file *f);
/* Wipes the content too. NULL is fine. */
void web_file__free(struct web_file *f);

#endif /* ACCESS_FILE_H */
