/* SPDX-License-Identifier: GPL-2.0-only */
#include "access/text.h"

#include <errno.h>

enum kind { NONE, TEXT, ERROR };

/* Precedes the bytes of each role. A NUL follows them. */
struct head {
	uint32_t kind, len;
};

void web_text__drop(struct web_text *t)
{
	if (t->data)
		explicit_bzero(t->data, t->len);
	free(t->data);
	*t = (struct web_text){ 0 };
}

static struct head head_of(const struct web_texts *t, int role)
{
	if (t->error[role])
		return (struct head){ ERROR, strlen(t->error[role]) };
	if (t->text[role].data)
		return (struct head){ TEXT, t->text[role].len };
	return (struct head){ NONE, 0 };
}

int web_texts__write(const struct web_texts *t, struct buf *out)
{
	size_t len = 0;

	for (int i = 0; i < WEB_ROLES; i++)
		len += sizeof(struct head) + head_of(t, i).len + 1;
	if (!buf__reserve(out, len))
		return -ENOMEM;
	for (int i = 0; i < WEB_ROLES; i++) {
		struct head head = head_of(t, i);

		buf__append(out, &head, sizeof(head));
		buf__append(out, head.kind == ERROR ? t->error[i] : t->text[i].data, head.len);
		buf__putc(out, '\0');
	}
	return 0;
}

/* Returns the end, or NULL. */
static char *read_role(struct web_texts *t, int role, char *p, const char *end)
{
	struct head head;

	if ((size_t)(end - p) < sizeof(head))
		return NULL;
	memcpy(&head, p, sizeof(head));
	p += sizeof(head);
	if (head.kind > ERROR || (size_t)(end - p) <= head.len || p[head.len])
		return NULL;
	if (head.kind == TEXT)
		t->text[role] = (struct web_text){ p, head.len };
	else if (head.kind == ERROR)
		t->error[role] = p;
	return p + head.len + 1;
}

int web_texts__read(struct web_texts *t, char *data, size_t len)
{
	char *p = data, *end = data + len;

	do {
		*t = (struct web_texts){ 0 };
		for (int i = 0; p && i < WEB_ROLES; i++)
			p = read_role(t, i, p, end);
	} while (p && p < end);
	return p ? 0 : -EPROTO;
}
