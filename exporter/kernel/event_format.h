/* SPDX-License-Identifier: GPL-2.0-only */
/* The fields of an event's record, as its format file in tracefs describes them. */
#pragma once

#include "base/util.h"

struct event_field {
	const char *type, *name; /* C text, without the brackets of an array */
	uint32_t offset, size;	 /* bytes */
	uint32_t n;		 /* elements of an array; 0: it is none */
	bool is_signed;
	bool located; /* __data_loc: the record has the place of the value */
};

struct event_format {
	char *text; /* which the fields point to */
	struct event_field *fields;
	size_t n;
};

/* Takes ownership of text, as from tracefs__event_format(). Lines that it does not understand are
 * no fields. For event_format__free(). */
void event_format__parse(char *text, struct event_format *out);
void event_format__free(struct event_format *f); /* its members */
