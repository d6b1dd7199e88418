/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The texts of the web configuration and of the files that it names. access/files.h reads them,
 * with privileges; access/access.h uses them, without.
 */
#pragma once

#include "base/buf.h"

struct web_text {
	char *data; /* a NUL follows data[len - 1]; NULL: no text */
	size_t len;
};

/* Wipes and frees the text: it may be a key. */
void web_text__drop(struct web_text *t);

/* The file itself, and the files that it may name. */
enum web_role { WEB_CONFIG, WEB_CERT, WEB_KEY, WEB_CLIENT_CA, WEB_ROLES };

/* All texts. A file that is not named has neither text nor error. */
struct web_texts {
	struct web_text text[WEB_ROLES];
	const char *error[WEB_ROLES]; /* why there is no text, one line */
};

/* Serialize to bytes and back. Texts that were read point into data. If several were written, the
 * last one is read. 0; -ENOMEM; -EPROTO: invalid data. */
int web_texts__write(const struct web_texts *t, struct buf *out);
int web_texts__read(struct web_texts *t, char *data, size_t len);
