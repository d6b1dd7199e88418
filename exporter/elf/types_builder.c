/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/types_builder.h"

#include <ctype.h>

uint32_t types_builder__text(struct types_builder *b, const char *text, size_t max)
{
	uint32_t at = b->texts.len;
	size_t len = strnlen(text, max + 1);
	bool cut = len > max;

	len = cut ? max - 3 : len;
	for (size_t i = 0; i < len; i++)
		buf__putc(&b->texts, iscntrl((unsigned char)text[i]) ? '?' : text[i]);
	if (cut)
		buf__puts(&b->texts, "...");
	buf__putc(&b->texts, '\0');
	return at;
}

static uint32_t add_part(struct types_builder *b, uint64_t function,
			 void (*print)(const struct decl_types *, uint64_t, struct buf *))
{
	__cleanup_buf struct buf text = {};

	print(&b->types, function, &text);
	return types_builder__text(b, text.failed ? "" : buf__str(&text), TYPES_TEXT_MAX);
}

bool types_builder__is_full(const struct types_builder *b)
{
	return b->nrecords >= TYPES_MAX || b->texts.len > TYPES_IMAGE_MAX;
}

void types_builder__add(struct types_builder *b, const struct type_record *record,
			uint64_t function)
{
	struct type_record *new;

	if (b->nsorted &&
	    bsearch(record, b->records, b->nsorted, sizeof(*record), type_record__by_offset))
		return;
	new = array__grow(&b->records, &b->nrecords, sizeof(*new));
	*new = *record;
	new->result = add_part(b, function, declaration__before);
	new->parameters = add_part(b, function, declaration__behind);
}

static bool same_texts(const struct types_builder *b, const struct type_record *x,
		       const struct type_record *y)
{
	const char *texts = b->texts.data;

	return !strcmp(texts + x->result, texts + y->result) &&
	       !strcmp(texts + x->parameters, texts + y->parameters);
}

/* Functions at one offset have one type, unless the linker has folded different ones: then any, and
 * no parameters. */
void types_builder__sort(struct types_builder *b)
{
	size_t kept = 0;

	if (b->nrecords)
		qsort(b->records, b->nrecords, sizeof(*b->records), type_record__by_offset);
	for (size_t i = 0; i < b->nrecords; i++)
		if (!kept || b->records[kept - 1].offset != b->records[i].offset)
			b->records[kept++] = b->records[i];
		else if (!b->texts.failed && !same_texts(b, &b->records[kept - 1], &b->records[i]))
			b->records[kept - 1].die = 0;
	b->nrecords = b->nsorted = kept;
}
