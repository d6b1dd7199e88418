/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the web configuration consists of, as text: the cut between who reads files
 * (access/files.h), and needs privileges for it, and who makes use of what is in them
 * (access/access.h), and has none.
 */
#ifndef ACCESS_TEXT_H
#define ACCESS_TEXT_H

#include "base/buf.h"

struct web_text {
	char *data; /* NUL-terminated beyond len; NULL: there is none */
	size_t len;
};

/* Frees it, overwritten: it may be a key. */
void web_text__drop(struct web_text *t);

/* The file itself, and what it may name. */
enum web_role { WEB_CONFIG, WEB_CERT, WEB_KEY, WEB_CLIENT_CA, WEB_ROLES };

/* Of one look at all of them. A file that is not named has neither text nor error. */
struct web_texts {
	struct web_text text[WEB_ROLES];
	const char *error[WEB_ROLES]; /* why there is no text: a line */
};

/* As bytes, in one piece of memory; and back: pointers into those, which stay where they are. Of
 * several that were written the last is read. 0; -ENOMEM; -EPROTO: that is something else. */
int web_texts__write(const struct web_texts *t, struct buf *out);
int web_texts__read(struct web_texts *t, char *data, size_t len);

#endif /* ACCESS_TEXT_H */
