/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kallsyms.h"

#include <ctype.h>
#include <fcntl.h>

#include "base/file.h"

char *kallsyms__cut_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchrnul(line, '\n');
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

const char *kallsyms__cut_object(char *name)
{
	char *end = name, *open, *close;

	while (*end && *end != ' ' && *end != '\t')
		end++;
	if (!*end)
		return KALLSYMS_VMLINUX;
	*end = '\0';
	open = strchr(end + 1, '[');
	close = open ? strchr(open, ']') : NULL;
	if (!close)
		return KALLSYMS_VMLINUX;
	*close = '\0';
	return open + 1;
}

/* There are 200,000 lines: strtoull() would take a tenth of the time of reading them. */
static uint64_t cut_addr(char *line, char **end)
{
	uint64_t addr = 0;

	for (; isxdigit((unsigned char)*line); line++)
		addr = addr << 4 | (*line <= '9' ? *line - '0' : (*line | 0x20) - 'a' + 10);
	*end = line;
	return addr;
}

bool kallsyms__next(char **text, struct kallsyms_line *out)
{
	char *line, *end;

	while ((line = kallsyms__cut_line(text))) {
		out->addr = cut_addr(line, &end);
		if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
			continue;
		out->type = end[1];
		out->name = end + 3;
		out->object = kallsyms__cut_object(end + 3);
		return true;
	}
	return false;
}

bool kallsyms__is_function(char type)
{
	return strchr("tTwW", type);
}

bool kallsyms__has(const char *name)
{
	__cleanup_free char *text = NULL;
	struct kallsyms_line line;

	if (file__read(AT_FDCWD, KALLSYMS, 0, &text, NULL))
		return false;
	for (char *rest = text; kallsyms__next(&rest, &line);)
		if (!strcmp(line.name, name))
			return true;
	return false;
}
