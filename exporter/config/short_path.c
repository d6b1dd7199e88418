/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/short_path.h"

#include "config/pattern.h"
#include "files/locate.h"
#include "kernel/module_list.h"

static bool is_module(const char *name)
{
	__cleanup_free char *directory = xasprintf("/sys/module/%s", name), *path = NULL;
	enum module_kind kind = MODULE_UNKNOWN;
	struct module_list *modules;

	for (char *s = directory; *s; s++)
		*s = *s == '-' ? '_' : *s;
	if (!access(directory, F_OK))
		return true;
	if (!module_list__read(NULL, &modules, &path)) {
		kind = module_list__find(modules, strrchr(directory, '/') + 1);
		module_list__free(modules);
	}
	return kind != MODULE_UNKNOWN;
}

char *short_path__expand(const char *probe)
{
	bool excludes = *probe == '!', is_path;
	const char *text = probe + excludes, *colon = pattern__separator(text, &is_path);
	__cleanup_free char *name = NULL, *path = NULL;

	if (!colon || is_path)
		return NULL;
	name = xstrndup(text, colon - text);
	if (!strcmp(name, "vmlinux") || !strcmp(name, "syscall") || is_module(name))
		return NULL;
	path = locate__program(name);
	if (!path)
		path = locate__library("", name);
	return path ? xasprintf("%s%s%s", excludes ? "!" : "", path, colon) : NULL;
}
