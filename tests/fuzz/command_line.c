/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments, one per line. Those that would read files of the machine are left out. */
#include "config/parse.h"
#include "fuzz.h"

#define ARGUMENTS_MAX 32

static bool reads_file(const char *argument)
{
	return !strncmp(argument, "--config.f", 10) || !strncmp(argument, "--web.c", 7);
}

void fuzz__input(const char *data, size_t len)
{
	char *argv[ARGUMENTS_MAX + 1] = { "retprobe_exporter" }, *error = NULL, *line;
	struct config *c = NULL;
	int argc = 1;

	while (argc < ARGUMENTS_MAX && (line = fuzz__line(&data, &len))) {
		if (reads_file(line))
			free(line);
		else
			argv[argc++] = line;
	}
	if (config__parse(argc, argv, &c, &error))
		fuzz__check_message(error);
	else
		fuzz__check(c && !error);
	config__free(c);
	while (argc > 1)
		free(argv[--argc]);
}
