/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines and files for the configuration parser. */
#pragma once

#include <errno.h>
#include <sys/stat.h>

#include "config/parse.h"
#include "config/values.h"

/* As error messages list them. */
#define MECHANISMS                                                                            \
	"auto, fsession.multi, fsession, fexit, kprobe.session, kprobe.multi, kretprobe, "    \
	"tracepoint, uprobe.ret, uprobe.session, uprobe.multi, uretprobe, event, raw_event, " \
	"kprobe, uprobe or span"

#define MAX_ARGS 8

/* Writes files into a directory of the test. Messages name them without the directory. */
static char directory[] = "/tmp/test_config.XXXXXX";

static inline int enter_directory(void **state)
{
	return mkdtemp(directory) ? chdir(directory) : -1;
}

static inline int leave_directory(void **state)
{
	remove("config.yaml");
	return chdir("/") ? -1 : rmdir(directory);
}

static inline void write_bytes(const char *text, size_t len)
{
	FILE *f = fopen("config.yaml", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static inline void write_file(const char *text)
{
	write_bytes(text, strlen(text));
}

/* Returns the configuration, or NULL and *error, which the caller frees. args end with NULL. */
static inline struct config *parse(const char *const *args, char **error)
{
	char *argv[MAX_ARGS + 2] = { "retprobe_exporter" };
	struct config *c = NULL;
	int argc = 1, err;

	while (argc <= MAX_ARGS && args[argc - 1]) {
		argv[argc] = (char *)args[argc - 1];
		argc++;
	}
	*error = NULL;
	err = config__parse(argc, argv, &c, error);
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_null(c);
		assert_non_null(*error);
		assert_null(strchr(*error, '\n'));
	} else {
		assert_non_null(c);
		assert_null(*error);
	}
	return c;
}

#define PARSE(...) parse_good((const char *const[]){ __VA_ARGS__, NULL })
static inline struct config *parse_good(const char *const *args)
{
	char *error;
	struct config *c = parse(args, &error);

	if (!c)
		fail_msg("%s: %s", args[0] ? args[0] : "(nothing)", error);
	return c;
}
