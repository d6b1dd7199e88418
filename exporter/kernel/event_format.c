/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/event_format.h"

/* The number after a word as "offset:"; 0: there is none. */
static uint32_t number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at ? (uint32_t)strtoul(at + strlen(word), NULL, 10) : 0;
}

/* "char comm[16]" -> "char", "comm", 16 */
static bool read_declaration(char *text, struct event_field *f)
{
	static const char located[] = "__data_loc ", brackets[] = "[]";
	char *space = strrchr(text, ' '), *bracket, *end;

	if (!space || space == text)
		return false;
	*space = '\0';
	f->name = space + 1;
	bracket = strchr(space + 1, '[');
	if (bracket) {
		*bracket = '\0';
		f->n = (uint32_t)strtoul(bracket + 1, NULL, 10);
	}
	f->located = !strncmp(text, located, strlen(located));
	f->type = text + (f->located ? strlen(located) : 0);
	end = strstr(text, brackets);
	if (f->located && end && !end[strlen(brackets)])
		*end = '\0';
	return true;
}

/* "	field:char comm[16];	offset:8;	size:16;	signed:0;" */
static bool read_field(char *line, struct event_field *f)
{
	static const char word[] = "field:";
	char *declaration = strstr(line, word), *end = strchr(line, ';');

	if (!declaration || !end || end < declaration)
		return false;
	*f = (struct event_field){
		.offset = number_after(end, "offset:"),
		.size = number_after(end, "size:"),
		.is_signed = number_after(end, "signed:"),
	};
	*end = '\0';
	return read_declaration(declaration + strlen(word), f);
}

void event_format__parse(char *text, struct event_format *out)
{
	char *save = NULL;

	*out = (struct event_format){ .text = text };
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct event_field f;

		if (read_field(line, &f))
			*(struct event_field *)array__grow(&out->fields, &out->n,
							   sizeof(*out->fields)) = f;
	}
}

void event_format__free(struct event_format *f)
{
	free(take_ptr(f->fields));
	free(take_ptr(f->text));
	f->n = 0;
}
