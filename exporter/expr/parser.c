/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/parser.h"

#include <ctype.h>

void parser__skip(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

char *parser__part(const struct parser *p)
{
	const char *end = p->at;

	while (end > p->start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return xstrndup(p->start, end - p->start);
}

int parser__refuse(const struct parser *p, const char *fmt, ...)
{
	__cleanup_free char *part = parser__part(p), *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return error__refuse(p->why, "\"%.120s\" %s", part, text);
}

bool parser__take(struct parser *p, const char *token)
{
	parser__skip(p);
	if (strncmp(p->at, token, strlen(token)))
		return false;
	p->at += strlen(token);
	return true;
}

int parser__take_name(struct parser *p, char name[static PARSER_NAME_MAX + 1])
{
	size_t len = 0;

	parser__skip(p);
	if (!isdigit((unsigned char)*p->at)) {
		while (isalnum((unsigned char)p->at[len]) || p->at[len] == '_')
			len++;
	}
	if (len > PARSER_NAME_MAX)
		return error__refuse(p->why, "\"%.40s...\" is longer than any name in C", p->at);
	memcpy(name, p->at, len);
	name[len] = '\0';
	p->at += len;
	return 0;
}
